"""The only places that change what is stored. Atomic, typed; one module for each subject."""

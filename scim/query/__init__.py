"""Finding people and groups: filters, sorting, paging and what is left out of an answer."""

<?php
// What the tests wrote last: it is read again with every request.
return json_decode(file_get_contents(__DIR__ . '/settings.json'), true);

<?php
$settings = require dirname(__DIR__) . '/settings.php';
$metadata[$settings['entity_id']] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'idp.key',
    'certificate' => 'idp.crt',
    'auth' => 'people',
    'simplesaml.nameidattribute' => 'mail',
] + $settings['answers'];

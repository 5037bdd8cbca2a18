<?php
$here = dirname(__DIR__);
$settings = require "$here/settings.php";
$config = [
    'baseurlpath' => $settings['address'] . '/',
    'certdir' => "$here/",
    'loggingdir' => "$here/",
    'datadir' => "$here/",
    'tempdir' => "$here/",
    'metadatadir' => "$here/metadata/",
    'metadata.sources' => [
        ['type' => 'flatfile'],
        ...(is_file("$here/sp.xml") ? [['type' => 'xml', 'file' => "$here/sp.xml"]] : []),
    ],
    'secretsalt' => $settings['salt'],
    'auth.adminpassword' => $settings['salt'],
    'technicalcontact_email' => 'operator@contoso.example',
    'timezone' => 'UTC',
    'logging.handler' => 'file',
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'exampleauth' => true, 'saml' => true],
    'store.type' => 'phpsession',
    'session.phpsession.savepath' => $here,
];

from web_endpoint import endpoint  # a fixture

from mixsvc.wsgi.request_name import request_name


def test_a_request_is_called_by_its_method_and_path_but_not_by_the_secret_of_a_webhook() -> None:
    assert request_name("GET", "/caf\xc3\xa9") == "GET /caf\xc3\xa9"
    assert request_name("POST", "/api/hooks/S3CRET") == "POST /api/hooks/***"

"""Who gets into the window, and which forms are taken."""

from urllib.parse import urlencode

from twisted.logger import capturedLogs, formatEvent

from tests.operations.window.operator import TOKEN, SecureWindowTestCase, WindowTestCase


class LogInTests(WindowTestCase):
    def test_without_a_log_in_the_page_asks_for_the_token_and_shows_nothing(self) -> None:
        reply = self.get()

        assert reply.status == 200
        assert "The operators’ token" in reply.body
        assert "Ann" not in reply.body
        assert self.desk.asked == 0
        for path in ("/window/live", "/window/history"):
            assert self.get(path).status == 403

    def test_the_right_token_leads_to_the_window(self) -> None:
        reply = self.log_in()

        assert (reply.status, reply.headers["location"]) == (303, "../")
        assert "Jürgen Hänsel-Überwasser" in self.get().body

    def test_white_space_around_the_token_does_not_matter(self) -> None:
        assert self.log_in(f" {TOKEN}\n").status == 303

    def test_a_wrong_token_is_refused_and_said_so(self) -> None:
        for token in ("", TOKEN[:-1], f"{TOKEN}x", "é"):
            reply = self.log_in(token)
            assert reply.status == 403, token
            assert "That is not the token." in reply.body
        assert "session" not in str(self.cookies)

    def test_after_some_wrong_tokens_the_right_one_has_to_wait_too(self) -> None:
        for _ in range(5):
            self.log_in("wrong")

        reply = self.log_in()
        assert (reply.status, reply.headers["retry-after"]) == (429, "5")
        assert "try again in 5 s" in reply.body
        self.clock.advance(5)
        assert self.log_in().status == 303

    def test_the_cookie_is_only_for_this_port_and_no_script_and_no_other_site_gets_it(self) -> None:
        (cookie,) = (value for name, value in self.log_in().fields if name == "set-cookie" and "session" in value)

        assert cookie.startswith("mixsvc-session-9090=")
        assert cookie.endswith("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict")

    def test_another_cookie_is_none(self) -> None:
        self.log_in()
        name, value = next(iter(self.cookies.items()))

        for wrong in (value[:-1], f"{value}x", value.partition(".")[0], "x", ""):
            self.cookies[name] = wrong
            assert "The operators’ token" in self.get().body, wrong

    def test_another_token_ends_the_log_ins_of_the_old_one(self) -> None:
        self.log_in()
        self.token_file.write_text("fedcba9876543210")

        self.clock.advance(1)

        assert self.get("/window/live").status == 403
        assert self.log_in().status == 403
        assert self.log_in("fedcba9876543210").status == 303

    def test_a_token_file_that_is_deleted_is_made_anew(self) -> None:
        self.log_in()
        self.token_file.unlink()
        self.clock.advance(1)

        assert self.get("/window/live").status == 403
        assert self.log_in(self.token_file.read_text()).status == 303

    def test_why_a_token_file_cannot_be_used_is_for_the_log_alone_and_said_once(self) -> None:
        self.token_file.write_text("short")

        with capturedLogs() as events:
            replies = [self.get(), self.get()]

        for reply in replies:
            assert reply.status == 503
            assert "cannot be used" in reply.body and str(self.token_file) not in reply.body
        (told,) = [formatEvent(event) for event in events]
        assert f"{self.token_file} cannot be used: it contains 5 bytes" in told
        self.token_file.write_text(TOKEN)
        assert self.get().status == 200

    def test_a_service_without_files_says_which_setting_it_needs(self) -> None:
        self.root = self.opened("")

        reply = self.get()

        assert reply.status == 503
        assert "give a path in [server] admin_token_file" in reply.body

    def test_a_log_in_survives_a_restart(self) -> None:
        self.log_in()

        self.root = self.opened(str(self.token_file))

        assert self.get("/window/live").status == 200

    def test_after_a_log_out_a_copy_of_the_cookie_is_not_valid_either(self) -> None:
        self.log_in()
        copy = dict(self.cookies)

        reply = self.post("/window/logout", {"proof": self.get().proof()})

        assert (reply.status, reply.headers["location"]) == (303, "../")
        assert "session" not in str(self.cookies)
        for _ in range(2):
            self.cookies = dict(copy)
            assert self.get("/window/live").status == 403
            # After a restart.
            self.root = self.opened(str(self.token_file))

    def test_a_log_out_that_cannot_be_stored_is_said_to_be_none_for_good(self) -> None:
        file = self.log_outs_file
        file.touch()
        self.log_in()
        copy, proof = dict(self.cookies), self.get().proof()
        file.unlink()
        file.mkdir()

        reply = self.post("/window/logout", {"proof": proof})

        assert reply.status == 503 and "could not be stored" in reply.body
        assert "session" not in str(self.cookies)
        self.cookies = copy
        assert self.get("/window/live").status == 403

    def test_the_form_says_that_nobody_can_log_in_while_the_log_outs_cannot_be_read(self) -> None:
        self.log_outs_file.mkdir()

        reply = self.log_in()

        assert reply.status == 503 and "the log-outs cannot be read" in reply.body
        assert "session" not in str(self.cookies)

    def test_a_link_of_another_site_gets_a_hint_as_no_cookie_came_with_it(self) -> None:
        assert "Go on if you have logged in" in self.get(Sec_Fetch_Site="cross-site").body
        assert "Go on if you have logged in" not in self.get(Sec_Fetch_Site="none").body


class FormTests(WindowTestCase):
    def test_a_log_in_form_of_another_visitor_is_refused(self) -> None:
        proof = self.get().proof()
        self.cookies.clear()

        reply = self.post("/window/login", {"proof": proof, "token": TOKEN})

        assert reply.status == 403
        assert "too old" in reply.body

    def test_two_tabs_have_one_log_in_form(self) -> None:
        first = self.get().proof()
        self.get()

        assert self.post("/window/login", {"proof": first, "token": TOKEN}).status == 303

    def test_an_action_needs_what_the_page_gives_its_forms(self) -> None:
        self.log_in()

        for proof in ("", "x", "0" * 43):
            assert self.post("/window/do/reopen", {"proof": proof}).status == 403
        assert self.post("/window/do/reopen", {}).status == 403
        assert self.desk.done == []

    def test_the_form_of_another_session_is_refused(self) -> None:
        self.log_in()
        proof = self.get().proof()
        self.cookies.clear()
        self.log_in()

        assert self.post("/window/do/reopen", {"proof": proof}).status == 403
        assert self.desk.done == []

    def test_forms_on_pages_of_other_sites_are_refused(self) -> None:
        self.log_in()
        proof = {"proof": self.get().proof()}

        for headers in (
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:8080"},
            {"Origin": "https://127.0.0.1:9090"},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
            {"Sec_Fetch_Site": "none"},
        ):
            for path in ("/window/do/reopen", "/window/login", "/window/logout"):
                reply = self.post(path, {**proof, "token": TOKEN}, **headers)
                assert (reply.status, "another site" in reply.body) == (403, True), (headers, path)
        assert self.desk.done == []
        assert self.get("/window/live").status == 200

    def test_a_program_that_names_no_origin_is_not_a_page_of_another_site(self) -> None:
        self.log_in()
        body = urlencode({"proof": self.get().proof()})

        assert self.send("POST", "/window/do/reopen", {}, body).status == 303

    def test_without_a_log_in_nothing_is_done(self) -> None:
        assert self.post("/window/do/reopen", {"proof": self.get().proof()}).status == 403
        assert self.post("/window/do/reopen", {}, Accept="application/json").status == 403
        assert self.desk.done == []


class SecureTests(SecureWindowTestCase):
    def test_by_tls_the_cookie_is_secure_and_of_this_host_only(self) -> None:
        reply = self.post("/window/login", {"proof": self.get().proof(), "token": TOKEN}, Origin=f"https://{self.host}")

        (cookie,) = (value for name, value in reply.fields if name == "set-cookie" and "session" in value)
        assert cookie.startswith("__Host-mixsvc-session-9090=")
        assert cookie.endswith("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure")
        assert self.get("/window/live").status == 200

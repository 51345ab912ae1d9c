//! Applications: registering them, letting them in, tokens of all kinds.

use crate::fixture::{self, App, PASSWORD};
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const BACK: &str = "https://app.example/back";

async fn create(app: &App, redirect_uris: Value, scopes: &str) -> (String, String) {
    let body = json!({ "client_name": "Una <app>", "redirect_uris": redirect_uris, "scopes": scopes, "website": "https://app.example" });
    let (status, made) = app.post("/api/v1/apps", "", body).await;
    assert_eq!(status, 200, "{made}");
    let text = |name: &str| made[name].as_str().expect("text").to_owned();
    (text("client_id"), text("client_secret"))
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

async fn token(app: &App, pairs: &[(&str, &str)]) -> (u16, Value) {
    let request = Request::post("/oauth/token").header("content-type", "application/x-www-form-urlencoded");
    app.json(request.body(Body::from(form(pairs))).expect("a request"))
        .await
}

/// Opens the page, fills in the form and sends it; answers the answer.
async fn fill_in(
    app: &App,
    query: &[(&str, &str)],
    nick: &str,
    password: &str,
    allow: &str,
) -> (StatusCode, HeaderMap, String) {
    let path = format!("/oauth/authorize/?{}", form(query));
    let (status, headers, page) = app
        .send(Request::get(path).body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("Una &lt;app&gt;") && !page.contains("<script"));
    let cookie = headers["set-cookie"]
        .to_str()
        .expect("text")
        .split(';')
        .next()
        .expect("a pair")
        .to_owned();
    let proof = cookie.split_once('=').expect("a pair").1.to_owned();
    let mut fields = query.to_vec();
    fields.extend([
        ("nick", nick),
        ("password", password),
        ("allow", allow),
        ("proof", &proof),
    ]);
    let request = Request::post("/oauth/authorize")
        .header("cookie", cookie)
        .header("origin", "http://localhost:8080");
    let request = request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form(&fields)));
    app.send(request.expect("a request")).await
}

fn code_in(headers: &HeaderMap) -> String {
    let location = headers["location"].to_str().expect("text");
    let query = location.split_once('?').expect("a query").1;
    let pair = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code");
    pair.expect("a code").1.into_owned()
}

#[tokio::test]
async fn a_code_is_good_once_for_its_application_and_address() {
    let app = fixture::app(true).await;
    app.register("ana").await;
    let (id, secret) = create(
        &app,
        json!(format!("{BACK}\nurn:ietf:wg:oauth:2.0:oob")),
        "read write",
    )
    .await;
    let verifier = "a-verifier-of-at-least-forty-three-characters-x";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let query = [
        ("response_type", "code"),
        ("client_id", &id),
        ("redirect_uri", BACK),
        ("scope", "read write:statuses"),
        ("state", "a&b"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let (status, _, page) = fill_in(&app, &query, "ana", "incorrect", "yes").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(page.contains("Wrong nick or password"));
    let (status, headers, _) = fill_in(&app, &query, "Ana", PASSWORD, "yes").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(
        headers["location"]
            .to_str()
            .expect("text")
            .contains("state=a%26b")
    );
    let code = code_in(&headers);
    let (other, other_secret) = create(&app, json!(BACK), "read write").await;
    let grant = |id: &str, secret: &str, verifier: &str| {
        let pairs = [
            ("grant_type", "authorization_code".to_owned()),
            ("client_id", id.to_owned()),
            ("client_secret", secret.to_owned()),
            ("redirect_uri", BACK.to_owned()),
            ("code", code.clone()),
            ("code_verifier", verifier.to_owned()),
        ];
        let app = &app;
        async move {
            token(
                app,
                &pairs.each_ref().map(|(name, value)| (*name, value.as_str())),
            )
            .await
        }
    };
    let (status, refused) = grant(&other, &other_secret, verifier).await;
    assert_eq!(
        (status, &refused["error"]),
        (400, &json!("invalid_grant")),
        "another application's"
    );
    let (status, refused) = grant(&id, "incorrect", verifier).await;
    assert_eq!((status, &refused["error"]), (401, &json!("invalid_client")));
    let (status, given) = grant(&id, &secret, verifier).await;
    assert_eq!((status, &given["token_type"]), (200, &json!("Bearer")), "{given}");
    assert_eq!(given["scope"], "read write:statuses");
    assert_eq!(grant(&id, &secret, verifier).await.0, 400, "once");
    let access = given["access_token"].as_str().expect("a token");
    assert_eq!(
        app.get("/api/v1/accounts/verify_credentials", access).await.1["acct"],
        "ana"
    );
    let (_, dweet) = app
        .post("/api/v1/statuses", access, json!({ "status": "desde una app" }))
        .await;
    assert_eq!(dweet["application"]["name"], "Una <app>");
    let (status, refused) = app
        .post(
            "/api/tertulia/v1/password",
            access,
            json!({ "current": PASSWORD, "new": "12345678" }),
        )
        .await;
    assert_eq!(
        (status, &refused["code"]),
        (403, &json!("out_of_scope")),
        "no application may do this"
    );
    let revoked = json!({ "client_id": id, "client_secret": secret, "token": access });
    assert_eq!(app.post("/oauth/revoke", "", revoked).await, (200, json!({})));
    assert_eq!(
        app.get("/api/v1/accounts/verify_credentials", access).await.0,
        401
    );
}

#[tokio::test]
async fn a_code_without_its_verifier_is_worthless() {
    let app = fixture::app(true).await;
    app.register("ana").await;
    let (id, secret) = create(&app, json!([BACK]), "read").await;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest("right"));
    let query = [
        ("response_type", "code"),
        ("client_id", id.as_str()),
        ("redirect_uri", BACK),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for verifier in [None, Some("wrong")] {
        let (_, headers, _) = fill_in(&app, &query, "ana", PASSWORD, "yes").await;
        let code = code_in(&headers);
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("client_id", &id),
            ("client_secret", &secret),
            ("redirect_uri", BACK),
            ("code", &code),
        ];
        pairs.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        assert_eq!(token(&app, &pairs).await.1["error"], "invalid_grant");
    }
}

#[tokio::test]
async fn out_of_band_the_code_is_shown() {
    let app = fixture::app(true).await;
    app.register("ana").await;
    let oob = "urn:ietf:wg:oauth:2.0:oob";
    let (id, secret) = create(&app, json!(oob), "read write follow").await;
    let query = [
        ("response_type", "code"),
        ("client_id", id.as_str()),
        ("redirect_uri", oob),
        ("scope", "read write follow"),
        ("lang", "es"),
    ];
    let (status, _, page) = fill_in(&app, &query, "ana", PASSWORD, "yes").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Copia este código"), "{page}");
    let code = page
        .split("<code>")
        .nth(1)
        .and_then(|rest| rest.split("</code>").next())
        .expect("a code");
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", &id),
        ("client_secret", &secret),
        ("redirect_uri", oob),
        ("code", code),
    ];
    let (status, given) = token(&app, &pairs).await;
    assert_eq!(
        (status, &given["scope"]),
        (200, &json!("read write follow")),
        "W11: {given}"
    );
}

#[tokio::test]
async fn a_refusal_is_told_to_the_application_and_faults_to_the_person() {
    let app = fixture::app(true).await;
    app.register("ana").await;
    let (id, _) = create(&app, json!(BACK), "read").await;
    let query = [
        ("response_type", "code"),
        ("client_id", id.as_str()),
        ("redirect_uri", BACK),
        ("scope", "read"),
    ];
    let (_, headers, _) = fill_in(&app, &query, "", "", "no").await;
    assert_eq!(
        headers["location"],
        "https://app.example/back?error=access_denied"
    );
    let open = |query: String| {
        let request = Request::get(format!("/oauth/authorize?{query}"))
            .body(Body::empty())
            .expect("a request");
        let app = &app;
        async move { app.send(request).await }
    };
    let elsewhere = form(&[
        ("response_type", "code"),
        ("client_id", &id),
        ("redirect_uri", "https://evil.example/"),
    ]);
    let (status, headers, _) = open(elsewhere).await;
    assert_eq!(
        (status, headers.contains_key("location")),
        (StatusCode::BAD_REQUEST, false),
        "nothing is sent elsewhere"
    );
    let unknown = form(&[
        ("response_type", "code"),
        ("client_id", "0000000000000000"),
        ("redirect_uri", BACK),
    ]);
    assert_eq!(open(unknown).await.0, StatusCode::BAD_REQUEST);
    let too_much = form(&[
        ("response_type", "code"),
        ("client_id", &id),
        ("redirect_uri", BACK),
        ("scope", "write"),
    ]);
    assert!(
        open(too_much).await.1["location"]
            .to_str()
            .expect("text")
            .contains("error=invalid_scope")
    );
    let implicit = form(&[
        ("response_type", "token"),
        ("client_id", &id),
        ("redirect_uri", BACK),
    ]);
    assert!(
        open(implicit).await.1["location"]
            .to_str()
            .expect("text")
            .contains("error=unsupported_response_type")
    );
}

#[tokio::test]
async fn a_form_from_elsewhere_lets_nobody_in() {
    let app = fixture::app(true).await;
    app.register("ana").await;
    let (id, _) = create(&app, json!(BACK), "read").await;
    let fields = [
        ("response_type", "code"),
        ("client_id", id.as_str()),
        ("redirect_uri", BACK),
        ("nick", "ana"),
        ("password", PASSWORD),
        ("allow", "yes"),
        ("proof", "00"),
    ];
    for (cookie, origin) in [
        ("", "http://localhost:8080"),
        ("tertulia-form=11", "http://localhost:8080"),
        ("tertulia-form=00", "https://evil.example"),
    ] {
        let request = Request::post("/oauth/authorize")
            .header("cookie", cookie)
            .header("origin", origin);
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form(&fields)));
        let (status, headers, _) = app.send(request.expect("a request")).await;
        assert_eq!(
            (status, headers.contains_key("location")),
            (StatusCode::FORBIDDEN, false),
            "{cookie} {origin}"
        );
    }
}

#[tokio::test]
async fn password_and_client_credentials() {
    let app = fixture::app(true).await;
    let (id, secret) = create(&app, json!("urn:ietf:wg:oauth:2.0:oob"), "read write follow push").await;
    let client = [("client_id", id.as_str()), ("client_secret", secret.as_str())];
    let with = |more: &[(&'static str, &'static str)]| [&client[..], more].concat();
    let (status, own) = token(
        &app,
        &with(&[("grant_type", "client_credentials"), ("scope", "read write")]),
    )
    .await;
    assert_eq!(
        (status, &own["scope"]),
        (200, &json!("read write follow")),
        "follow is part of the two"
    );
    let own = own["access_token"].as_str().expect("a token");
    assert_eq!(
        app.get("/api/v1/apps/verify_credentials", own).await.1["name"],
        "Una <app>"
    );
    assert_eq!(
        app.get("/api/v1/accounts/verify_credentials", own).await.0,
        401,
        "an application is nobody"
    );
    let newcomer = json!({ "username": "ana", "email": "a@b.c", "password": PASSWORD, "agreement": true, "locale": "es" });
    assert_eq!(app.post("/api/v1/accounts", "", newcomer.clone()).await.0, 401);
    let (status, given) = app.post("/api/v1/accounts", own, newcomer.clone()).await;
    assert_eq!(
        (status, &given["scope"]),
        (200, &json!("read write follow")),
        "{given}"
    );
    let (status, taken) = app.post("/api/v1/accounts", own, newcomer).await;
    assert_eq!(
        (status, &taken["details"]["username"][0]["error"]),
        (422, &json!("ERR_TAKEN"))
    );
    let login = [
        ("grant_type", "password"),
        ("username", "ana"),
        ("password", PASSWORD),
        ("scope", "read write follow push"),
    ];
    let (status, given) = token(&app, &with(&login)).await;
    assert_eq!(
        (status, &given["scope"]),
        (200, &json!("read write follow push")),
        "W11: {given}"
    );
    let wrong = [
        ("grant_type", "password"),
        ("username", "ana"),
        ("password", "incorrect"),
    ];
    let (status, refused) = token(&app, &with(&wrong)).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")));
    assert!(refused["error_description"].is_string());
    assert_eq!(
        token(&app, &with(&[("grant_type", "implicit")])).await.1["error"],
        "unsupported_grant_type"
    );
    let revoked = json!({ "client_id": id, "client_secret": secret, "token": own });
    assert_eq!(app.post("/oauth/revoke", "", revoked).await.0, 200);
    assert_eq!(app.get("/api/v1/apps/verify_credentials", own).await.0, 401);
}

#[tokio::test]
async fn applications_that_do_not_fit() {
    let app = fixture::app(true).await;
    for body in [
        json!({ "redirect_uris": BACK }),
        json!({ "client_name": "x" }),
        json!({ "client_name": "x", "redirect_uris": "javascript:alert(1)" }),
        json!({ "client_name": "x", "redirect_uris": BACK, "scopes": "everything" }),
    ] {
        assert_eq!(app.post("/api/v1/apps", "", body.clone()).await.0, 422, "{body}");
    }
}

#[tokio::test]
async fn the_page_says_in_plain_words_who_wants_what_and_where_it_leads() {
    let app = fixture::app(true).await;
    let (id, _) = create(&app, json!(BACK), "read:notifications write:statuses").await;
    let query = form(&[
        ("response_type", "code"),
        ("client_id", &id),
        ("redirect_uri", BACK),
        ("scope", "read:notifications write:statuses"),
    ]);
    for (language, expected) in [
        (
            "en",
            [
                "write, redweet, change and delete dweets in your name",
                "read your notifications",
                "Your nick",
            ],
        ),
        (
            "es-AR",
            [
                "escribir, redweetear, cambiar y borrar dweets en tu nombre",
                "leer tus notificaciones",
                "Tu nick",
            ],
        ),
    ] {
        let request = Request::get(format!("/oauth/authorize?{query}")).header("accept-language", language);
        let (status, headers, page) = app.send(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(status, StatusCode::OK);
        for words in expected
            .into_iter()
            .chain(["Una &lt;app&gt;", "https://app.example", "localhost:8080"])
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert_eq!(page.matches("<li>").count(), 2, "no more than that");
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(
            policy.contains("form-action 'self' https://app.example;"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn a_refusal_without_an_address_is_shown() {
    let app = fixture::app(true).await;
    let oob = "urn:ietf:wg:oauth:2.0:oob";
    let (id, _) = create(&app, json!(oob), "read").await;
    let query = [
        ("response_type", "code"),
        ("client_id", id.as_str()),
        ("redirect_uri", oob),
    ];
    let (status, headers, page) = fill_in(&app, &query, "", "", "no").await;
    assert_eq!(
        (status, headers.contains_key("location")),
        (StatusCode::OK, false)
    );
    assert!(page.contains("stays outside"), "{page}");
    let faulty = form(&[
        ("response_type", "token"),
        ("client_id", &id),
        ("redirect_uri", oob),
    ]);
    let request = Request::get(format!("/oauth/authorize?{faulty}")).body(Body::empty());
    let (status, headers, _) = app.send(request.expect("a request")).await;
    assert_eq!(
        (status, headers.contains_key("location")),
        (StatusCode::BAD_REQUEST, false)
    );
}

#[tokio::test]
async fn guessing_on_the_page_is_slowed_down_in_words() {
    let app = fixture::app(true).await;
    app.register("ana").await;
    let (id, _) = create(&app, json!(BACK), "read").await;
    let query = [
        ("response_type", "code"),
        ("client_id", id.as_str()),
        ("redirect_uri", BACK),
    ];
    let mut last = (StatusCode::OK, String::new());
    for _ in 0..12 {
        let (status, _, page) = fill_in(&app, &query, "ana", "incorrect", "yes").await;
        last = (status, page);
    }
    assert_eq!(last.0, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        last.1.contains("Too many attempts") && last.1.contains("value=\"ana\""),
        "{}",
        last.1
    );
}

#[tokio::test]
async fn a_persons_token_names_the_application_that_holds_it() {
    let app = fixture::app(true).await;
    let own = app.register("ana").await;
    let (id, secret) = create(&app, json!(BACK), "read").await;
    let pairs = [
        ("grant_type", "password"),
        ("client_id", id.as_str()),
        ("client_secret", &secret),
        ("username", "ana"),
        ("password", PASSWORD),
    ];
    let (_, given) = token(&app, &pairs).await;
    let held = given["access_token"].as_str().expect("a token");
    let (status, application) = app.get("/api/v1/apps/verify_credentials", held).await;
    assert_eq!((status, &application["name"]), (200, &json!("Una <app>")));
    assert_eq!(
        app.get("/api/v1/apps/verify_credentials", &own).await.0,
        404,
        "opened without one"
    );
}

#[tokio::test]
async fn w10_over_tls_it_is_said_what_of_oauth_there_is() {
    let path = "/.well-known/oauth-authorization-server";
    assert_eq!(fixture::app(true).await.get(path, "").await.0, 404);
    let (status, said) = fixture::app_with_tls().await.get(path, "").await;
    assert_eq!((status, &said["issuer"]), (200, &json!("https://localhost:8080")));
    assert!(
        said["grant_types_supported"]
            .as_array()
            .expect("a list")
            .contains(&json!("password"))
    );
}

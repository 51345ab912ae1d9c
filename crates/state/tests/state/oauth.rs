//! Applications, codes and tokens.

use crate::community::Community;
use tertulia_state::account::ChangePassword;
use tertulia_state::oauth::{
    App, AppOfToken, Authorize, CODE_LIFETIME_MS, CloseAppToken, CreateApp, ExchangeCode, FindApp,
    OpenAppToken, Revoke,
};
use tertulia_state::session::{Actor, CheckSession, SecretHash};
use tertulia_types::{Rejected, Scopes};

const CODE: SecretHash = SecretHash([1; 32]);
const TOKEN: SecretHash = SecretHash([2; 32]);

fn app() -> App {
    App {
        client_id: "client".to_owned(),
        secret: SecretHash([3; 32]),
        name: "Tusky".to_owned(),
        website: None,
        redirect_uris: vec!["app://one".to_owned(), "urn:ietf:wg:oauth:2.0:oob".to_owned()],
        scopes: Scopes::READ_STATUSES,
    }
}

fn authorize(ana: Actor) -> Authorize {
    Authorize {
        account: ana.account,
        password_version: 1,
        code: CODE,
        client_id: "client".to_owned(),
        label: "Tusky".to_owned(),
        website: None,
        redirect_uri: "app://one".to_owned(),
        scopes: Scopes::READ_STATUSES,
        challenge: Some("challenge".to_owned()),
    }
}

fn exchange(ana: Actor) -> ExchangeCode {
    ExchangeCode {
        account: ana.account,
        code: CODE,
        client_id: "client".to_owned(),
        redirect_uri: "app://one".to_owned(),
        challenge: Some("challenge".to_owned()),
        hash: TOKEN,
    }
}

fn check(ana: Actor) -> CheckSession {
    CheckSession {
        actor: Actor {
            session: TOKEN,
            ..ana
        },
        needed: Scopes::READ_STATUSES,
    }
}

#[test]
fn an_application_is_found_and_has_tokens_of_its_own() {
    let mut community = Community::of(3);
    community.submit(CreateApp { app: app() }).expect("created");
    let client_id = "client".to_owned();
    assert_eq!(
        community.query(FindApp {
            client_id: client_id.clone()
        }),
        Ok(app())
    );
    let open = OpenAppToken {
        client_id: client_id.clone(),
        hash: TOKEN,
        scopes: Scopes::NONE,
    };
    community.submit(open).expect("opened");
    let of_token = AppOfToken {
        client_id: client_id.clone(),
        hash: TOKEN,
    };
    assert_eq!(
        community.query(of_token.clone()).expect("known").scopes,
        Scopes::NONE
    );
    community
        .submit(CloseAppToken {
            client_id,
            hash: TOKEN,
        })
        .expect("closed");
    assert_eq!(community.query(of_token), Err(Rejected::NoSession));
}

#[test]
fn a_code_is_exchanged_once() {
    let mut community = Community::of(3);
    let ana = community.register("ana");
    community.submit(authorize(ana)).expect("authorized");
    assert_eq!(community.submit(exchange(ana)), Ok(Scopes::READ_STATUSES));
    assert_eq!(community.query(check(ana)), Ok(()));
    assert_eq!(
        community.submit(exchange(ana)),
        Ok(Scopes::READ_STATUSES),
        "the answer was lost, and the router asks again"
    );
    let for_another_token = ExchangeCode {
        hash: SecretHash([9; 32]),
        ..exchange(ana)
    };
    assert!(matches!(
        community.submit(for_another_token),
        Err(Rejected::Invalid(_))
    ));
    let revoke = Revoke {
        actor: check(ana).actor,
        client_id: "another".to_owned(),
    };
    community.submit(revoke.clone()).expect("nothing to end");
    assert_eq!(community.query(check(ana)), Ok(()));
    community
        .submit(Revoke {
            client_id: "client".to_owned(),
            ..revoke
        })
        .expect("ended");
    assert_eq!(community.query(check(ana)), Err(Rejected::NoSession));
}

#[test]
fn r13_an_exchange_that_is_refused_leaves_the_code() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    community.submit(authorize(ana)).expect("authorized");
    let wrong = [
        ExchangeCode {
            challenge: Some("guess".to_owned()),
            ..exchange(ana)
        },
        ExchangeCode {
            challenge: None,
            ..exchange(ana)
        },
        ExchangeCode {
            redirect_uri: "app://two".to_owned(),
            ..exchange(ana)
        },
        ExchangeCode {
            client_id: "another".to_owned(),
            ..exchange(ana)
        },
    ];
    for wrong in wrong {
        assert!(matches!(community.submit(wrong), Err(Rejected::Invalid(_))));
    }
    assert_eq!(community.submit(exchange(ana)), Ok(Scopes::READ_STATUSES));
}

#[test]
fn a_code_dies_with_its_time_and_with_the_password() {
    let mut community = Community::of(1);
    let ana = community.register("ana");
    community.submit(authorize(ana)).expect("authorized");
    community.clock_ms += CODE_LIFETIME_MS;
    assert!(matches!(
        community.submit(exchange(ana)),
        Err(Rejected::Invalid(_))
    ));
    let code = SecretHash([4; 32]);
    community
        .submit(Authorize {
            code,
            ..authorize(ana)
        })
        .expect("authorized");
    let change = ChangePassword {
        actor: ana,
        verified_version: 1,
        hash: "new".to_owned(),
    };
    community.submit(change).expect("changed");
    let late = ExchangeCode {
        code,
        ..exchange(ana)
    };
    assert!(matches!(community.submit(late), Err(Rejected::Invalid(_))));
    assert_eq!(community.submit(authorize(ana)), Err(Rejected::WrongPassword));
}

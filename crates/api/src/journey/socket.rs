//! Streams by WebSocket, through a real connection.

use crate::fixture::{self, App, PASSWORD};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderMap, Request};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const PATIENCE: Duration = Duration::from_secs(20);

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

fn request(address: SocketAddr, query: &str) -> Request<()> {
    let url = format!("ws://{address}/api/v1/streaming{query}");
    url.into_client_request().expect("a request")
}

/// The connection and the head of the answer; the status if it is refused.
async fn open(request: Request<()>) -> Result<(Socket, HeaderMap), u16> {
    match tokio::time::timeout(PATIENCE, connect_async(request))
        .await
        .expect("in time")
    {
        Ok((socket, answer)) => Ok((Socket(socket), answer.headers().clone())),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

impl Socket {
    async fn connect(address: SocketAddr, query: &str) -> Self {
        let opened = open(request(address, query)).await;
        opened.map(|(socket, _)| socket).expect("opened")
    }

    async fn say(&mut self, message: Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .expect("sent");
    }

    /// The next message; `None` when the other end has closed.
    async fn hear(&mut self) -> Option<Value> {
        loop {
            let heard = tokio::time::timeout(PATIENCE, self.0.next())
                .await
                .expect("a message in time");
            match heard {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            }
        }
    }

    /// Which streams told of a dweet of this text, in order of their names.
    async fn hear_of(&mut self, text: &str, streams: usize) -> Vec<Value> {
        let mut told = Vec::new();
        for _ in 0..streams {
            let message = self.hear().await.expect("a message");
            assert_eq!(message["event"], "update", "{message}");
            let payload: Value =
                serde_json::from_str(message["payload"].as_str().expect("text")).expect("JSON");
            assert_eq!(payload["content"], format!("<p>{text}</p>"));
            told.push(message["stream"].clone());
        }
        told.sort_by_key(ToString::to_string);
        told
    }
}

async fn serve() -> (App, SocketAddr, String) {
    let app = fixture::app(true).await;
    let address = app.serve().await;
    let ana = app.register("ana").await;
    (app, address, ana)
}

#[tokio::test]
async fn what_is_said_on_a_stream_counts_as_a_request() {
    let (_app, address, ana) = serve().await;
    let mut socket = Socket::connect(address, &format!("?access_token={ana}")).await;
    let mut refused = None;
    for _ in 0..1_600 {
        socket.say(json!({ "type": "nonsense", "stream": "user" })).await;
        let error = socket.hear().await.expect("an answer")["error"].to_string();
        if error.contains("too many requests") {
            refused = Some(error);
            break;
        }
    }
    assert!(refused.is_some());
}

#[tokio::test]
async fn w13_the_token_comes_three_ways_and_the_protocol_is_answered() {
    let (app, address, ana) = serve().await;
    let by_query = request(address, &format!("?stream=user&access_token={ana}"));
    let mut by_header = request(address, "?stream=user");
    let bearer = format!("Bearer {ana}").parse().expect("a value");
    by_header.headers_mut().insert("authorization", bearer);
    let mut by_protocol = request(address, "?stream=user");
    by_protocol
        .headers_mut()
        .insert("sec-websocket-protocol", ana.parse().expect("a value"));
    let mut sockets = Vec::new();
    for (request, protocol) in [
        (by_query, None),
        (by_header, None),
        (by_protocol, Some(ana.as_str())),
    ] {
        let (socket, headers) = open(request).await.expect("opened");
        let answered = headers
            .get("sec-websocket-protocol")
            .map(|value| value.to_str().expect("text"));
        assert_eq!(answered, protocol);
        sockets.push(socket);
    }
    app.publish(&ana, "hola").await;
    for mut socket in sockets {
        assert_eq!(socket.hear_of("hola", 1).await, [json!(["user"])]);
    }
}

#[tokio::test]
async fn one_connection_takes_several_streams_and_lets_them_go() {
    let (app, address, ana) = serve().await;
    let mut socket = Socket::connect(address, &format!("?access_token={ana}")).await;
    let streams = [
        json!({ "type": "subscribe", "stream": "user" }),
        json!({ "type": "subscribe", "stream": "public:local" }),
        json!({ "type": "subscribe", "stream": "nonsense" }),
    ];
    for subscription in streams {
        socket.say(subscription).await;
    }
    let refused = socket.hear().await.expect("a message");
    assert!(
        refused["error"].as_str().expect("text").contains("no stream"),
        "{refused}"
    );
    app.publish(&ana, "uno").await;
    assert_eq!(
        socket.hear_of("uno", 2).await,
        [json!(["public:local"]), json!(["user"])]
    );
    socket
        .say(json!({ "type": "unsubscribe", "stream": "user" }))
        .await;
    socket
        .say(json!({ "type": "subscribe", "stream": "hashtag:local" }))
        .await;
    assert!(
        socket.hear().await.expect("a message")["error"].is_string(),
        "no tag"
    );
    app.publish(&ana, "dos").await;
    assert_eq!(socket.hear_of("dos", 1).await, [json!(["public:local"])]);
}

#[tokio::test]
async fn hashtags_are_named_as_they_were_asked_for() {
    let (app, address, ana) = serve().await;
    let mut socket = Socket::connect(address, "?stream=hashtag&tag=Sol").await;
    app.publish(&ana, "#sol").await;
    assert_eq!(
        socket.hear().await.expect("a message")["stream"],
        json!(["hashtag", "Sol"])
    );
}

#[tokio::test]
async fn p1_the_connection_closes_with_the_session() {
    let (app, address, ana) = serve().await;
    let body = json!({ "nick": "ana", "password": PASSWORD });
    let (_, second) = app.post("/api/tertulia/v1/login", "", body).await;
    let second = second["access_token"].as_str().expect("a token").to_owned();
    let mut first = Socket::connect(address, &format!("?stream=user&access_token={ana}")).await;
    let mut other = Socket::connect(address, &format!("?stream=user&access_token={second}")).await;
    app.ask("POST", "/api/tertulia/v1/logout", &second).await;
    assert_eq!(other.hear().await, None, "logged out");
    app.publish(&ana, "aquí").await;
    assert_eq!(
        first.hear_of("aquí", 1).await,
        [json!(["user"])],
        "the other session's goes on"
    );
    app.service.closing.cancel();
    assert_eq!(first.hear().await, None, "the machine stops");
}

#[tokio::test]
async fn who_may_not_listen_is_told_at_the_door() {
    let (_app, address, ana) = serve().await;
    let refused = async |request| open(request).await.err();
    assert_eq!(
        refused(request(address, "?stream=user")).await,
        Some(401),
        "nobody"
    );
    let mut forged = request(address, "?stream=public");
    forged
        .headers_mut()
        .insert("sec-websocket-protocol", "forged".parse().expect("a value"));
    assert_eq!(refused(forged).await, Some(401));
    let worthless = crate::token::Secret::new(7);
    let worthless = request(
        address,
        &format!("?stream=public&access_token={}", worthless.text()),
    );
    assert_eq!(refused(worthless).await, Some(401));
    assert_eq!(
        refused(request(address, &format!("?stream=x&access_token={ana}"))).await,
        Some(422)
    );
    assert!(
        open(request(address, "?stream=public")).await.is_ok(),
        "what is public needs no token"
    );
}

#[tokio::test]
async fn the_streams_of_one_account_are_bounded() {
    let (_app, address, ana) = serve().await;
    let query = format!("?stream=user&access_token={ana}");
    let mut open_ones = Vec::new();
    let refused = loop {
        match open(request(address, &query)).await {
            Ok((socket, _)) => open_ones.push(socket),
            Err(status) => break status,
        }
        assert!(open_ones.len() < 100, "no bound");
    };
    assert_eq!(refused, 429);
    assert!(open_ones.len() >= 16, "enough for a person's devices");
}

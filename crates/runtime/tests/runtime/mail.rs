//! Letters reach a mail server.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
};

use runtime::mail::{Mail, MailSecurity, Sent, SmtpOptions};

/// A mail server that takes one letter and gives what it was told, line by line.
fn server() -> (u16, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        stream.write_all(b"220 mail.test ESMTP\r\n").unwrap();
        let (mut told, mut letter) = (Vec::new(), false);
        for line in lines.map_while(Result::ok) {
            let answer = match line.split(' ').next().unwrap_or_default() {
                "." => {
                    letter = false;
                    "250 taken"
                }
                "DATA" if !letter => {
                    letter = true;
                    "354 go on"
                }
                "QUIT" if !letter => "221 bye",
                _ if letter => "",
                _ => "250 fine",
            };
            let last = answer.starts_with("221");
            told.push(line);
            if !answer.is_empty() {
                stream.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
            }
            if last || told.last().is_some_and(|line| line == ".") {
                break;
            }
        }
        told
    });
    (port, taken)
}

fn options(port: u16) -> SmtpOptions {
    SmtpOptions {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        security: MailSecurity::None,
        user: None,
        password: None,
        from: "Parlance <parlance@example.com>".to_owned(),
    }
}

#[tokio::test]
async fn a_letter_is_taken_by_the_mail_server() {
    let (port, taken) = server();
    let mail = Mail::by_smtp(&options(port)).unwrap();
    let sent = mail.send("ada@example.com", "Your invitation", "Follow this:\n\nhttps://chat.test/x?link=1\n").await;
    assert_eq!(sent.unwrap(), Sent::Mailed);
    let told = taken.join().unwrap();
    assert!(told.iter().any(|line| line.contains("RCPT TO:<ada@example.com>")), "{told:?}");
    assert!(told.iter().any(|line| line == "Subject: Your invitation"), "{told:?}");
    assert!(told.iter().any(|line| line == "https://chat.test/x?link=1"), "{told:?}");
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_sent_and_a_wrong_sender_is_named() {
    let mail = Mail::default();
    assert!(!mail.is_configured());
    assert_eq!(mail.send("ada@example.com", "s", "t").await.unwrap(), Sent::NotConfigured);
    let wrong = Mail::by_smtp(&SmtpOptions { from: "nobody".to_owned(), ..options(25) });
    assert!(wrong.err().unwrap().to_string().contains("nobody"));
}

//! HTTPS: the server's certificate, and the ticket bound to it.

use crate::servers::acceptor::Acceptor;
use crate::servers::authority::{Authority, CertificateFiles};
use crate::servers::or_skipped;
use crate::servers::relay::Relay;
use crate::servers::web_server::Setup;
use crate::stage::{Said, Stage, at};
use std::fs;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

/// An authority, whose certificate is in a file.
struct Issuer {
    authority: Authority,
    file: PathBuf,
}

impl Issuer {
    fn new(stage: &Stage) -> Self {
        let issuer = Self { authority: Authority::new("Contoso Web Authority"), file: stage.at("web-ca.pem") };
        issuer.authority.write(&issuer.file);
        issuer
    }

    /// A certificate for this name, in a folder of its own.
    fn certify(&self, stage: &Stage, name: &str, folder: &str) -> CertificateFiles {
        let folder = stage.at(folder);
        fs::create_dir(&folder).unwrap();
        self.authority.certify(&[name.to_owned()], &folder)
    }

    fn expired(&self, stage: &Stage, name: &str, folder: &str) -> CertificateFiles {
        let folder = stage.at(folder);
        fs::create_dir(&folder).unwrap();
        self.authority.certify_expired(&[name.to_owned()], &folder)
    }
}

fn verify(stage: &Stage, addresses: &[SocketAddr], authority: &std::path::Path) -> Said {
    stage.verify(addresses, &["--scheme", "https", "--web-ca-file", authority.to_str().unwrap()])
}

#[test]
fn certificates_that_cannot_be_believed_are_refused_before_any_ticket_is_sent() {
    let Some(stage) = Stage::new("tls") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let issuer = Issuer::new(&stage);
    let right = issuer.certify(&stage, &stage.pool(), "right");
    let wrong = issuer.certify(&stage, &stage.server(2), "wrong");
    let setup = |files: &CertificateFiles| {
        let tls = Some((files.certificate.as_path(), files.key.as_path()));
        stage.web_server(&Setup { tls, ..Setup::with(&keytab) })
    };
    let (Some(right), Some(wrong)) = (setup(&right), setup(&wrong)) else { return };
    stage.deployment(2, None);
    stage.snapshot(None);
    let said = verify(&stage, &[at(&right), at(&wrong)], &issuer.file);
    said.assert_line(&stage.server(1), "valid", "it takes the current key (");
    // The certificate must bear the pool's name, which clients use, not the server's.
    let other =
        format!("its certificate is refused: it bears another name: {}; it must bear the name", stage.server(2));
    said.assert_line(&stage.server(2), "certificate refused", &other);
    let said = verify(&stage, &[at(&right), at(&wrong)], &stage.controller.ca_file());
    let unknown = "its authority, Contoso Web Authority, is not known here: name that authority with --web-ca-file";
    said.assert_line(&stage.server(1), "certificate refused", unknown);
    // TLS where there is none, and none where there is TLS.
    let Some(plain) = stage.web_server(&Setup::with(&keytab)) else { return };
    let said = verify(&stage, &[at(&plain), at(&right)], &issuer.file);
    said.assert_line(&stage.server(1), "unreachable", "what it sent is no TLS");
    let said = stage.verify(&[at(&right)], &[]);
    said.assert_line(&stage.server(1), "not proved", "or is this the port of another --scheme?");
    let fresh = at(&right);
    let expired = issuer.expired(&stage, &stage.pool(), "expired");
    let Some(expired) = setup(&expired) else { return };
    let said = verify(&stage, &[fresh, at(&expired)], &issuer.file);
    said.assert_line(&stage.server(2), "certificate refused", "it expired at 2024-02-29T00:00:00Z");
}

#[test]
fn tls_that_cannot_be_agreed_on_is_told() {
    let Some(stage) = Stage::new("old") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let issuer = Issuer::new(&stage);
    stage.deployment(4, None);
    stage.snapshot(None);
    // As an IIS of Windows Server 2012: no cipher that is both forward secret and authenticated.
    let files = issuer.certify(&stage, &stage.pool(), "old");
    let tls = Some((files.certificate.as_path(), files.key.as_path()));
    let serve = |more| stage.web_server(&Setup { tls, more, ..Setup::with(&keytab) });
    let Some(no_aead) = serve("SSLProtocol TLSv1.2\nSSLCipherSuite ECDHE-ECDSA-AES256-SHA") else { return };
    // As that of Windows Server 2008.
    let Some(tls_1_0) = serve("SSLProtocol TLSv1\nSSLCipherSuite ALL:@SECLEVEL=0") else { return };
    // As Windows does where it shares no cipher.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closes = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().for_each(|client| _ = client.unwrap().read(&mut [0; 16_384])));
    let silent = Relay::mute().address;
    let said = stage.verify(
        &[at(&no_aead), at(&tls_1_0), closes, silent],
        &["--scheme", "https", "--web-ca-file", issuer.file.to_str().unwrap(), "--ticket-timeout", "3s"],
    );
    let old = "it offers nothing new enough, TLS 1.2 with forward secrecy and AEAD (";
    said.assert_line(&stage.server(1), "unreachable", old);
    said.assert_line(&stage.server(2), "unreachable", old);
    let words =
        "it closes the connection without a word; so does Windows that has no certificate there, or offers nothing";
    said.assert_line(&stage.server(3), "unreachable", words);
    said.assert_line(&stage.server(4), "unreachable", "no answer within 3 s while agreeing on TLS");
}

#[test]
fn a_server_that_demands_channel_binding_gets_it_and_one_behind_a_proxy_is_told() {
    let Some(stage) = Stage::new("bound") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let issuer = Issuer::new(&stage);
    let own = issuer.certify(&stage, &stage.pool(), "own");
    let acceptor = Acceptor::start(&keytab, &stage.controller.krb5_conf(), &own);
    let Some(acceptor) = or_skipped("server that demands channel binding", acceptor) else { return };
    // The same names and the same authority, and yet another certificate.
    let others = issuer.certify(&stage, &stage.pool(), "others");
    let tls = Some((others.certificate.as_path(), others.key.as_path()));
    let proxy = Setup { tls, proxy_to: Some(acceptor.at()), ..Setup::with(&keytab) };
    let Some(proxy) = stage.web_server(&proxy) else { return };
    stage.deployment(1, None);
    stage.snapshot(None);

    let said = verify(&stage, &[acceptor.at()], &issuer.file);
    said.assert_line(&stage.server(1), "valid", "it takes the current key (");
    assert_eq!(acceptor.took(), "bound");

    let said = verify(&stage, &[at(&proxy)], &issuer.file);
    let words =
        "names no reason (KRB_ERR_GENERIC); so does a server that demands channel binding where a proxy ends TLS";
    said.assert_line(&stage.server(1), "refused", words);
    // GSS_S_BAD_BINDINGS
    assert!(acceptor.took().starts_with("refused 0x40000 "));
}

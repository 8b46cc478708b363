//! `collect --tickets`: what the tickets said is kept, beside what a test said, until the password is newer.

use crate::servers::web_server::{Setup, WebServer};
use crate::stage::{Said, Stage, at};
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;

impl Stage {
    fn collect(&self, more: &[&str], addresses: &[SocketAddr]) -> Said {
        let mut command = self.program();
        command.current_dir(self.folder.path()).args(["collect", "deployment.yaml", "--out", "snapshot"]).args(more);
        if more.contains(&"--tickets") {
            command.args(["--keytab", "user.keytab", "--scheme", "http"]).args(self.resolve(addresses));
        }
        command.env("CSKERB_DIRECTORY_PASSWORD", crate::stage::PASSWORD);
        Said::of(command.output().unwrap())
    }

    fn collect_directory(&self) -> Said {
        let (server, ca) = (format!("ldaps://{}", self.controller.ip()), self.controller.ca_file());
        let user = format!("{}@contoso.com", self.user());
        self.collect(&["--directory", &server, "--ca-file", ca.to_str().unwrap(), "--bind-as", &user], &[])
    }

    fn kerberos(&self, server: usize) -> Value {
        let file = self.at("snapshot").join("servers").join(self.server(server)).join("kerberos.json");
        serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
    }

    fn tested(&self, server: usize, status: &str) {
        let folder = self.at("snapshot").join("servers").join(self.server(server));
        fs::create_dir_all(&folder).unwrap();
        let account = format!(r"CONTOSO\{}", self.account());
        let now = jiff::Timestamp::now().to_string();
        let reading = json!({ "status": status, "account": account, "by": "test", "at": now });
        fs::write(folder.join("kerberos.json"), reading.to_string()).unwrap();
    }
}

#[test]
fn a_ticket_outranks_a_test_and_loses_its_word_once_the_password_is_newer() {
    let Some(stage) = Stage::new("kept") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let previous = stage.current_keys("previous.keytab");
    stage.controller.set_password(&stage.dn(), "second-Pa55word");
    let current = stage.current_keys("current.keytab");
    let web: Option<Vec<WebServer>> =
        [&current, &previous].iter().map(|keytab| stage.web_server(&Setup::with(keytab))).collect();
    let Some(web) = web else { return };
    let mut addresses: Vec<SocketAddr> = web.iter().map(at).collect();
    addresses.extend(["127.0.0.1:9".parse::<SocketAddr>().unwrap(); 2]); // nobody listens there
    stage.deployment(4, None);
    stage.snapshot(None);
    let said = stage.collect_directory();
    assert_eq!(said.code, Some(0), "{}", said.err);
    // The test said the contrary of the truth; of the third server it knows more than the ticket.
    for (server, status) in [(1, "invalid"), (2, "valid"), (3, "valid")] {
        stage.tested(server, status);
    }

    let said = stage.collect(&["--tickets"], &addresses);
    assert_eq!(said.code, Some(5), "two servers could not be judged: {}", said.err);
    let check = |server: usize, status: &str, by: &str| {
        let read = stage.kerberos(server);
        assert_eq!((read["status"].as_str(), read["by"].as_str()), (Some(status), Some(by)), "{server}: {read}");
        read
    };
    let account = json!(format!(r"CONTOSO\{}", stage.account()));
    assert_eq!(check(1, "valid", "ticket")["account"], account, "whose SPN it is");
    let detail = check(2, "invalid", "ticket")["detail"].to_string();
    assert!(detail.contains("KRB_AP_ERR_BADKEYVER): its password is out of sync"), "{detail}");
    check(3, "valid", "test");
    let kept = format!("{}: the ticket could not say, so the test's word stays", stage.server(3));
    assert!(said.err.contains(&kept), "{}", said.err);
    let detail = check(4, "unknown", "ticket")["detail"].to_string();
    assert!(detail.contains("it cannot be reached: 127.0.0.1:9 refuses the connection"), "{detail}");

    let status = |word: &str| {
        let mut command = stage.program();
        command.current_dir(stage.folder.path()).args(["status", "deployment.yaml", "--snapshot", "snapshot"]);
        let said = Said::of(command.output().unwrap());
        let words = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(word), "{word}: {}", said.out);
    };
    status("2 of 4 servers valid");
    std::thread::sleep(std::time::Duration::from_millis(1100)); // the directory tells of whole seconds
    stage.controller.set_password(&stage.dn(), "third-Pa55word");
    assert_eq!(stage.collect_directory().code, Some(0));
    status("0 of 4 servers valid; 4 not known");
}

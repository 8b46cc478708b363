//! A domain controller: Samba, as one foreground process, for the domain contoso.com (CONTOSO).
//!
//! The process ends when its standard input does, so it never outlives the test process, however that ends; the
//! scratch folder goes with it.

use super::authority::Authority;
use super::{Loopback, Missing, need, need_root, or_skipped, scratch, wait_for};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What a domain controller needs, and the packages that bring it.
const PIECES: &[(&str, &str)] = &[
    ("samba", "samba"),
    ("samba-tool", "samba"),
    ("/usr/share/samba/setup/provision.ldif", "samba-ad-provision"),
    ("/usr/lib/python3/dist-packages/samba/__init__.py", "python3-samba"),
    ("ldbmodify", "ldb-tools"),
    ("ldapsearch", "ldap-utils"),
    ("kinit", "krb5-user"),
];

/// The ports on which it answers.
const PORTS: &[u16] = &[88, 389, 636, 3268, 3269];

/// Its administrator's password.
pub const ADMINISTRATOR_PASSWORD: &str = "Administer-9371-Contoso";

/// The naming context of the domain.
pub const DOMAIN_DN: &str = "DC=contoso,DC=com";

/// A domain controller dc1.contoso.com, which ends with this.
pub struct DomainController {
    address: Loopback,
    scratch: PathBuf,
    /// The shell that waits for Samba and then removes the scratch folder. Its standard input is Samba's.
    process: Child,
}

/// An account that is to be made.
pub struct NewAccount<'a> {
    /// Its name, without the `$` of a computer.
    pub name: &'a str,
    /// Whether it is a computer, as Kerberos accounts are.
    pub computer: bool,
    /// Its password; without one it never got any.
    pub password: Option<&'a str>,
    /// The SPNs that it holds from the start.
    pub spns: &'a [&'a str],
    /// Further attributes and values.
    pub attributes: &'a [(&'a str, &'a str)],
}

impl Default for NewAccount<'_> {
    fn default() -> Self {
        Self { name: "", computer: true, password: None, spns: &[], attributes: &[] }
    }
}

impl NewAccount<'_> {
    /// Its distinguished name, in the container for its kind.
    pub fn dn(&self) -> String {
        let container = if self.computer { "Computers" } else { "Users" };
        format!("CN={},CN={container},{DOMAIN_DN}", self.name)
    }
}

impl DomainController {
    /// The one that the tests of this process share; `None`, once that was said, where there can be none.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<DomainController>> = OnceLock::new();
        SHARED.get_or_init(|| or_skipped("domain controller", Self::start())).as_ref()
    }

    /// Starts one, and waits until it answers.
    pub fn start() -> Result<Self, Missing> {
        need(PIECES)?;
        need_root()?;
        let address = Loopback::take();
        let scratch = scratch().keep();
        let begun = Instant::now();
        provision(&scratch, address.address);
        let provisioned = begun.elapsed();
        let process = spawn(&scratch);
        let controller = Self { address, scratch, process };
        controller.wait_until_ready();
        let ready = begun.elapsed();
        let address = controller.ip();
        let _ = writeln!(
            std::io::stderr(),
            "a domain controller on {address}: provisioned in {provisioned:.1?}, ready after {ready:.1?}"
        );
        Ok(controller)
    }

    /// Its address.
    pub fn ip(&self) -> Ipv4Addr {
        self.address.address
    }

    /// Its address and one of its ports: 88, 389, 636, 3268, 3269.
    pub fn at(&self, port: u16) -> SocketAddr {
        (self.ip(), port).into()
    }

    /// The certificate of its authority, PEM. The controller's own names dc1.contoso.com, its address
    /// and 127.0.0.1.
    pub fn ca_file(&self) -> PathBuf {
        self.scratch.join("ca.pem")
    }

    /// A folder that goes with it.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// A krb5.conf for its clients, to be named by KRB5_CONFIG.
    pub fn krb5_conf(&self) -> PathBuf {
        self.scratch.join("krb5.conf")
    }

    /// Makes an account.
    pub fn create(&self, account: &NewAccount<'_>) {
        self.add(&entry(account));
    }

    /// Makes a computer that holds these SPNs.
    pub fn create_computer(&self, name: &str, password: &str, spns: &[&str]) {
        self.create(&NewAccount { name, password: Some(password), spns, ..NewAccount::default() });
    }

    /// Makes a user.
    pub fn create_user(&self, name: &str, password: &str) {
        self.create(&NewAccount { name, computer: false, password: Some(password), ..NewAccount::default() });
    }

    /// Sets a password, which makes a new key version.
    pub fn set_password(&self, dn: &str, password: &str) {
        let password = base64_utf16(password);
        self.modify(&format!(
            "dn: {dn}\nchangetype: modify\nreplace: clearTextPassword\nclearTextPassword:: {password}\n"
        ));
    }

    /// Gives an attribute these values and no others.
    pub fn set(&self, dn: &str, attribute: &str, values: &[&str]) {
        self.modify(&replacing(dn, attribute, values));
    }

    /// Gives an attribute these values past all checks: a duplicate SPN too.
    pub fn set_unchecked(&self, dn: &str, attribute: &str, values: &[&str]) {
        self.modify_partition(&replacing(dn, attribute, values));
    }

    /// Adds entries by LDIF.
    pub fn add(&self, ldif: &str) {
        self.ldb("ldbadd", &self.database(), ldif);
    }

    /// Changes entries by LDIF, by the directory's rules.
    pub fn modify(&self, ldif: &str) {
        self.ldb("ldbmodify", &self.database(), ldif);
    }

    /// Changes entries by LDIF in the database of the domain's partition, past the directory's rules.
    pub fn modify_partition(&self, ldif: &str) {
        let file = self.scratch.join(format!("private/sam.ldb.d/{}.ldb", DOMAIN_DN.to_uppercase()));
        self.ldb("ldbmodify", &file, ldif);
    }

    /// Deletes an entry.
    pub fn delete(&self, dn: &str) {
        self.modify(&format!("dn: {dn}\nchangetype: delete\n"));
    }

    /// The first value that an attribute has in the database.
    pub fn value(&self, dn: &str, attribute: &str) -> Option<String> {
        let mut command = Command::new("ldbsearch");
        command.arg("-H").arg(self.database()).args(["-s", "base", "-b", dn, attribute]);
        let said = run(command.env("SMB_CONF_PATH", self.scratch.join("etc/smb.conf")), "");
        said.lines().find_map(|line| line.strip_prefix(&format!("{attribute}: "))).map(str::to_owned)
    }

    /// Writes the keys of a principal to a keytab. Name HTTP in capitals: who accepts tickets looks at the case.
    pub fn export_keytab(&self, principal: &str, file: &Path) {
        let principal = format!("--principal={principal}");
        self.samba_tool(&["domain", "exportkeytab", &file.to_string_lossy(), &principal]);
    }

    /// Runs samba-tool on this controller's own files.
    pub fn samba_tool(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("samba-tool");
        run(command.args(arguments).arg("-s").arg(self.scratch.join("etc/smb.conf")), "")
    }

    fn database(&self) -> PathBuf {
        self.scratch.join("private/sam.ldb")
    }

    fn ldb(&self, program: &str, file: &Path, ldif: &str) {
        // Without this it would read the machine's own configuration.
        let mut command = Command::new(program);
        run(command.arg("-H").arg(file).env("SMB_CONF_PATH", self.scratch.join("etc/smb.conf")), ldif);
    }

    fn wait_until_ready(&self) {
        let log = || fs::read_to_string(self.scratch.join("samba.out")).unwrap_or_default();
        for port in PORTS {
            let listens = wait_for(self.at(*port), Duration::from_mins(1));
            assert!(listens, "nothing listens on {}; samba said\n{}", self.at(*port), log());
        }
        let url = format!("ldaps://{}", self.ip());
        let mut search = Command::new("ldapsearch");
        search.args(["-x", "-LLL", "-o", "nettimeout=30", "-s", "base", "-b", "", "-H", &url, "defaultNamingContext"]);
        let said = run(search.env("LDAPTLS_CACERT", self.ca_file()), "");
        assert!(said.contains(DOMAIN_DN), "no root DSE on {url}: {said}");
    }
}

impl Drop for DomainController {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let pid = fs::read_to_string(self.scratch.join("run/samba.pid")).unwrap_or_default();
        let _ = Command::new("kill").args(["-KILL", pid.trim()]).status();
        let _ = self.process.wait();
    }
}

fn provision(scratch: &Path, address: Ipv4Addr) {
    let authority = Authority::new("Contoso Test Authority");
    authority.write(&scratch.join("ca.pem"));
    // 127.0.0.1 for relays; `localhost` is the name that it does not bear.
    let names = ["dc1.contoso.com", "contoso.com", &address.to_string(), "127.0.0.1"].map(str::to_owned);
    let files = authority.certify(&names, scratch);
    fs::write(scratch.join("krb5.conf"), krb5_conf(address)).unwrap();
    let base = scratch.join("base.conf");
    fs::write(&base, "[global]\n").unwrap();
    let at = |name: &str| scratch.join(name).display().to_string();
    let mut command = Command::new("samba-tool");
    command.args(["domain", "provision", "--realm=CONTOSO.COM", "--domain=CONTOSO", "--server-role=dc"]);
    // Any other DNS backend copies the machine's resolver.
    command.args(["--dns-backend=NONE", "--host-name=dc1", &format!("--host-ip={address}")]);
    command.args([format!("--adminpass={ADMINISTRATOR_PASSWORD}"), format!("--configfile={}", base.display())]);
    command.arg(format!("--targetdir={}", scratch.display()));
    let options = [
        format!("interfaces={address}/8"),
        "bind interfaces only=yes".to_owned(),
        "logging=file".to_owned(),
        format!("log file={}", at("log.%m")),
        format!("ncalrpc dir={}", at("ncalrpc")),
        format!("pid directory={}", at("run")),
        format!("winbindd socket directory={}", at("winbindd")),
        format!("ntp signd socket directory={}", at("ntp")),
        format!("tls certfile={}", files.certificate.display()),
        format!("tls keyfile={}", files.key.display()),
        format!("tls cafile={}", at("ca.pem")),
        // A login with a Kerberos ticket inside TLS, which protects it already: as Active Directory takes it.
        "ldap server require strong auth=allow_sasl_over_tls".to_owned(),
        "server services=ldap, cldap, kdc, rpc".to_owned(),
        "dcerpc endpoint servers=epmapper, wkssvc, samr, lsarpc, netlogon, drsuapi, dnsserver".to_owned(),
    ];
    run(command.args(options.map(|option| format!("--option={option}"))), "");
    fs::create_dir_all(scratch.join("run")).unwrap();
}

fn krb5_conf(address: Ipv4Addr) -> String {
    format!(
        "[libdefaults]\n default_realm = CONTOSO.COM\n dns_lookup_realm = false\n dns_lookup_kdc = false\n \
         dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n\
         [realms]\n CONTOSO.COM = {{\n  kdc = {address}:88\n }}\n\
         [domain_realm]\n .contoso.com = CONTOSO.COM\n contoso.com = CONTOSO.COM\n"
    )
}

/// Samba, and after it a shell that removes the scratch folder: both end with the standard input.
fn spawn(scratch: &Path) -> Child {
    let script = r#"samba -s "$1/etc/smb.conf" -i -M single --debug-stdout >"$1/samba.out" 2>&1; rm -rf "$1""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "domain-controller"]).arg(scratch);
    #[cfg(unix)]
    {
        // An interrupt at the terminal ends the test process, and by that this one, which then still cleans up.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn entry(account: &NewAccount<'_>) -> String {
    let (class, suffix, control) = if account.computer { ("computer", "$", 4096) } else { ("user", "", 512) };
    let mut ldif = format!("dn: {}\nobjectClass: {class}\nsAMAccountName: {}{suffix}\n", account.dn(), account.name);
    if !account.attributes.iter().any(|(name, _)| *name == "userAccountControl") {
        writeln!(ldif, "userAccountControl: {control}").unwrap();
    }
    for (name, value) in account.attributes {
        writeln!(ldif, "{name}: {value}").unwrap();
    }
    for spn in account.spns {
        writeln!(ldif, "servicePrincipalName: {spn}").unwrap();
    }
    if let Some(password) = account.password {
        writeln!(ldif, "clearTextPassword:: {}", base64_utf16(password)).unwrap();
    }
    ldif
}

fn replacing(dn: &str, attribute: &str, values: &[&str]) -> String {
    let mut ldif = format!("dn: {dn}\nchangetype: modify\nreplace: {attribute}\n");
    for value in values {
        writeln!(ldif, "{attribute}: {value}").unwrap();
    }
    ldif
}

/// A password as the directory's own database takes it.
fn base64_utf16(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut encoded = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().enumerate().fold(0u32, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
        for digit in 0..=chunk.len() {
            encoded.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 0x3f) as usize]));
        }
        encoded.extend(std::iter::repeat_n('=', 3 - chunk.len()));
    }
    encoded
}

/// Runs a program with this input; what it said, or a panic with all of it.
fn run(command: &mut Command, input: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that fails at once does not read its input; what it says then is worth more than the broken pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "{}: {}\n{out}{err}{input}", command.get_program().display(), output.status);
    out
}

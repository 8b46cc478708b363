//! What only reads: the Get- cmdlets, and what the bridge's own functions put out.

use super::{ConsoleCall, ConsoleError, Lab, Value, miscalled};
use crate::apply::target::{Observation, Target};
use crate::lab::memory::{AccountObject, Memory};
use crate::model::{AccountName, ExtendedProtection, Principal, Provider, Setting, SettingChange, Spn, UseWindowsAuth};
use crate::plan::{Action, LocationChange};
use crate::snapshot::change;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

impl Lab {
    pub(super) fn play_read(&self, call: &ConsoleCall) -> Result<Value, ConsoleError> {
        let unreadable = |why: String| miscalled("LabUnavailable", &call.call, why);
        let memory = self.console_memory()?;
        Ok(match call.call.as_str() {
            "Get-CsTopology" => {
                let text = change::topology_text(&self.folder).map_err(|cause| unreadable(cause.to_string()))?;
                json!({ "xml": text })
            }
            "Get-CsKerberosAccountAssignment" => (memory.assignments.iter())
                .map(|(site, account)| json!({ "identity": site.identity(), "userAccount": account.as_str() }))
                .collect(),
            "Get-CsManagementStoreReplicationStatus" => {
                memory.servers.keys().map(|server| json!({ "replica": server.as_str(), "upToDate": true })).collect()
            }
            "Get-CsWebServiceConfiguration" => self.web_services(),
            "iis-configuration" => {
                let bytes = change::iis_bytes(&self.folder, &call.on_server()?)
                    .map_err(|cause| unreadable(cause.to_string()))?;
                json!({ "base64": BASE64.encode(bytes) })
            }
            "read-authentication" => self.authentication(call)?,
            "host" => json!({
                "fqdn": call.server.as_deref().unwrap_or("console.contoso.com"),
                "powerShell": "5.1.17763.1",
                "modules": [{ "name": "SkypeForBusiness", "version": "7.0.0.0" }],
                "products": [],
                "iis": true,
                "now": memory.now.to_string(),
            }),
            "identity" => identity(&memory),
            "reach" => reach(call, &memory),
            "account" => self.account(call, &memory)?,
            "holders" => holders(call, &memory),
            _ => json!({ "dnsName": "contoso.com", "aesKeysSince": memory.aes_keys_since.map(|at| at.to_string()) }),
        })
    }

    fn web_services(&self) -> Value {
        let settings = self.read().ok().and_then(|actual| actual.web_services.known().cloned()).unwrap_or_default();
        let one =
            |identity: String, auth: &UseWindowsAuth| json!({ "identity": identity, "useWindowsAuth": auth.as_str() });
        let global = settings.global.iter().map(|auth| one("Global".to_owned(), auth));
        let sites = settings.sites.iter().map(|(site, auth)| one(site.identity(), auth));
        let pools = settings.pools.iter().map(|(pool, auth)| one(format!("service:WebServer:{pool}"), auth));
        global.chain(sites).chain(pools).collect()
    }

    /// All five settings, as they are in effect.
    fn authentication(&self, call: &ConsoleCall) -> Result<Value, ConsoleError> {
        let asked = [
            Setting::Enabled(true),
            Setting::UseKernelMode(true),
            Setting::UseAppPoolCredentials(true),
            Setting::Providers(Vec::new()),
            Setting::ExtendedProtection(ExtendedProtection::None),
        ];
        let settings =
            asked.into_iter().map(|setting| SettingChange { before: setting.clone(), after: setting }).collect();
        let change = LocationChange { location: call.name("Location")?, settings };
        let action = Action::SetIis { server: call.on_server()?, locations: vec![change] };
        match self.observe(&action) {
            Observation::Settings(found) => match found.first().map(Vec::as_slice) {
                Some(
                    [
                        Setting::Enabled(enabled),
                        Setting::UseKernelMode(kernel),
                        Setting::UseAppPoolCredentials(pool),
                        Setting::Providers(providers),
                        Setting::ExtendedProtection(protection),
                    ],
                ) => Ok(json!({
                    "enabled": enabled,
                    "useKernelMode": kernel,
                    "useAppPoolCredentials": pool,
                    "providers": providers.iter().map(Provider::as_str).collect::<Vec<_>>(),
                    "extendedProtection": protection.as_str(),
                })),
                _ => Err(miscalled("LabUnavailable", &call.call, "the settings are others".to_owned())),
            },
            Observation::Unreadable(why) => Err(ConsoleError {
                id: format!("ConfigurationError,{}", call.call),
                category: "ConnectionError".to_owned(),
                message: why,
            }),
            _ => Err(miscalled("LabUnavailable", &call.call, "it is no setting".to_owned())),
        }
    }

    /// The account on the domain controllers; looking at it brings one that is behind nearer.
    fn account(&self, call: &ConsoleCall, memory: &Memory) -> Result<Value, ConsoleError> {
        let account: AccountName = format!("{}\\{}", call.text("Domain")?, call.text("Name")?)
            .parse()
            .map_err(|_| miscalled("ParameterArgumentValidationError", &call.call, "it is no account".to_owned()))?;
        let object = memory.account(&account);
        let mut controllers = vec![controller("dc1.contoso.com", object)];
        if let Some(behind) = object.and_then(|object| object.behind) {
            let late = object.map(|object| AccountObject { key_version: Some(behind.key_version), ..object.clone() });
            controllers.push(controller("dc2.contoso.com", late.as_ref()));
            self.observe(&Action::RotatePassword { account });
        }
        Ok(json!({ "controllers": controllers }))
    }
}

fn controller(name: &str, object: Option<&AccountObject>) -> Value {
    let account = object.map(|object| {
        json!({
            "computer": object.computer,
            "enabled": object.enabled,
            "expiresAt": object.expires_at.map(|at| at.to_string()),
            "passwordSetAt": object.password_set_at.map(|at| at.to_string()),
            "keyVersion": object.key_version,
            "supportedEncryptionTypes": object.supported_encryption_types,
            "servicePrincipalNames": object.service_principal_names.iter().map(Spn::as_str).collect::<Vec<_>>(),
        })
    });
    json!({ "controller": name, "error": null, "account": account })
}

fn identity(memory: &Memory) -> Value {
    let mut groups = Vec::new();
    if memory.rights.domain_admins {
        groups.push(json!({ "sid": "S-1-5-21-1-2-3-512", "name": "CONTOSO\\Domain Admins" }));
    }
    if memory.rights.rtc_universal_server_admins {
        groups.push(json!({ "sid": "S-1-5-21-1-2-3-1104", "name": "CONTOSO\\RTCUniversalServerAdmins" }));
    }
    json!({ "user": "CONTOSO\\operator", "elevated": true, "groups": groups })
}

fn reach(call: &ConsoleCall, memory: &Memory) -> Value {
    let asked = call.arguments.get("Server").and_then(Value::as_array).cloned().unwrap_or_default();
    let one = |server: &str| {
        let there = memory.servers.iter().any(|(name, known)| name.as_str() == server && known.down.is_none());
        json!({ "server": server, "answers": there, "why": (!there).then_some("it does not answer") })
    };
    asked.iter().filter_map(Value::as_str).map(one).collect()
}

fn holders(call: &ConsoleCall, memory: &Memory) -> Value {
    let asked = call.arguments.get("Spn").and_then(Value::as_array).cloned().unwrap_or_default();
    let one = |spn: &str| {
        let found = spn.parse().map(|spn| memory.holders(&spn)).unwrap_or_default();
        json!({ "spn": spn, "error": null, "holders": found.iter().map(Principal::as_str).collect::<Vec<_>>() })
    };
    asked.iter().filter_map(Value::as_str).map(one).collect()
}

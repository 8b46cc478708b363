//! A provider that IIS does not know (its schema: Negotiate, NTLM, Negotiate:Kerberos, Negotiate:PKU2U). [doc]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::suggest::did_you_mean;
use crate::model::Provider;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for name in subject.providers().flat_map(|list| list.iter()) {
        if let Provider::Other(other) = Provider::from_name(name) {
            let hint = if other.as_str().eq_ignore_ascii_case("kerberos") {
                "did you mean `Negotiate:Kerberos`?".to_owned()
            } else {
                did_you_mean(other.as_str(), Provider::KNOWN.iter().map(Provider::as_str))
                    .unwrap_or_else(|| "IIS knows `Negotiate`, `NTLM`, `Negotiate:Kerberos` and `Negotiate:PKU2U`".into())
            };
            let message = format!("IIS knows no provider `{}`", name.as_str());
            found.push(Diagnostic::new(Code::ProviderUnknown, name.at(), message).hint(hint));
        }
    }
}

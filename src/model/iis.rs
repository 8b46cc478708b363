//! `windowsAuthentication` of IIS: what a location has, what it shall have, and the difference.

mod edited;

pub use edited::Edited;

use super::{Caseless, Cause, LocationPath, Place, Reading};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// An authentication provider of `windowsAuthentication`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// `Negotiate`: Kerberos, else NTLM.
    Negotiate,
    /// `NTLM`.
    Ntlm,
    /// `Negotiate:Kerberos`: Kerberos only.
    NegotiateKerberos,
    /// `Negotiate:PKU2U`.
    NegotiatePku2u,
    /// Whatever else a server may be configured with; a deployment file cannot ask for it.
    Other(Caseless),
}

impl Provider {
    /// The providers that IIS knows.
    pub const KNOWN: [Self; 4] = [Self::Negotiate, Self::Ntlm, Self::NegotiateKerberos, Self::NegotiatePku2u];

    /// The provider of that name, in any case.
    pub fn from_name(name: &str) -> Self {
        let same = |known: &Self| known.as_str().eq_ignore_ascii_case(name.trim());
        Self::KNOWN.into_iter().find(same).unwrap_or_else(|| Self::Other(Caseless::from(name.trim())))
    }

    /// The name as IIS writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Negotiate => "Negotiate",
            Self::Ntlm => "NTLM",
            Self::NegotiateKerberos => "Negotiate:Kerberos",
            Self::NegotiatePku2u => "Negotiate:PKU2U",
            Self::Other(name) => name.as_str(),
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `extendedProtection`'s `tokenChecking`: channel binding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ExtendedProtection {
    /// Not checked.
    #[default]
    None,
    /// Checked where the client sends it.
    Allow,
    /// A client that sends none is refused.
    Require,
}

impl ExtendedProtection {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::None, Self::Allow, Self::Require];

    /// The value as IIS writes it; the deployment file has it in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Allow => "Allow",
            Self::Require => "Require",
        }
    }
}

/// The effective settings of one location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowsAuthentication {
    /// Whether Windows authentication is on.
    pub enabled: bool,
    /// Whether HTTP.sys decrypts tickets, with the machine's own key unless the next is true.
    pub use_kernel_mode: bool,
    /// Whether the application pool's identity decrypts tickets in kernel mode.
    pub use_app_pool_credentials: bool,
    /// The providers offered; their order decides between Kerberos and NTLM.
    pub providers: Vec<Provider>,
    /// Channel binding.
    pub extended_protection: ExtendedProtection,
}

impl Default for WindowsAuthentication {
    /// What IIS's schema says where no file does.
    fn default() -> Self {
        Self {
            enabled: false,
            use_kernel_mode: true,
            use_app_pool_credentials: false,
            providers: vec![Provider::Negotiate, Provider::Ntlm],
            extended_protection: ExtendedProtection::None,
        }
    }
}

impl WindowsAuthentication {
    /// The setting of the same property that is in effect.
    pub fn in_effect(&self, setting: &Setting) -> Setting {
        match setting {
            Setting::Enabled(_) => Setting::Enabled(self.enabled),
            Setting::UseKernelMode(_) => Setting::UseKernelMode(self.use_kernel_mode),
            Setting::UseAppPoolCredentials(_) => Setting::UseAppPoolCredentials(self.use_app_pool_credentials),
            Setting::Providers(_) => Setting::Providers(self.providers.clone()),
            Setting::ExtendedProtection(_) => Setting::ExtendedProtection(self.extended_protection),
        }
    }
}

/// The settings that the operator wants at one location; what is `None` is not managed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ExpectedAuthentication {
    /// `enabled`.
    pub enabled: Option<bool>,
    /// `useKernelMode`.
    pub use_kernel_mode: Option<bool>,
    /// `useAppPoolCredentials`.
    pub use_app_pool_credentials: Option<bool>,
    /// The providers, all of them in order: one value.
    pub providers: Option<Vec<Provider>>,
    /// Channel binding.
    pub extended_protection: Option<ExtendedProtection>,
}

impl ExpectedAuthentication {
    /// These settings, and `outer`'s where these say nothing.
    #[must_use]
    pub fn over(self, outer: &Self) -> Self {
        Self {
            enabled: self.enabled.or(outer.enabled),
            use_kernel_mode: self.use_kernel_mode.or(outer.use_kernel_mode),
            use_app_pool_credentials: self.use_app_pool_credentials.or(outer.use_app_pool_credentials),
            providers: self.providers.or_else(|| outer.providers.clone()),
            extended_protection: self.extended_protection.or(outer.extended_protection),
        }
    }

    /// The settings that are managed, in the order of the file format.
    pub fn settings(&self) -> impl Iterator<Item = Setting> + '_ {
        let all = [
            self.enabled.map(Setting::Enabled),
            self.use_kernel_mode.map(Setting::UseKernelMode),
            self.use_app_pool_credentials.map(Setting::UseAppPoolCredentials),
            self.providers.clone().map(Setting::Providers),
            self.extended_protection.map(Setting::ExtendedProtection),
        ];
        all.into_iter().flatten()
    }

    /// The settings that differ from `effective`, in the order of the file format.
    pub fn differences(&self, effective: &WindowsAuthentication) -> Vec<SettingChange> {
        self.settings()
            .map(|after| SettingChange { before: effective.in_effect(&after), after })
            .filter(SettingChange::differs)
            .collect()
    }
}

/// The expected settings of one location.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExpectedLocation {
    /// The location.
    pub location: LocationPath,
    /// Its settings.
    pub windows_authentication: ExpectedAuthentication,
}

/// One property of `windowsAuthentication` with a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Setting {
    /// `enabled`.
    Enabled(bool),
    /// `useKernelMode`.
    UseKernelMode(bool),
    /// `useAppPoolCredentials`.
    UseAppPoolCredentials(bool),
    /// `providers`, in order.
    Providers(Vec<Provider>),
    /// `extendedProtection`.
    ExtendedProtection(ExtendedProtection),
}

impl Setting {
    /// The property's name in the deployment file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Enabled(_) => "enabled",
            Self::UseKernelMode(_) => "useKernelMode",
            Self::UseAppPoolCredentials(_) => "useAppPoolCredentials",
            Self::Providers(_) => "providers",
            Self::ExtendedProtection(_) => "extendedProtection",
        }
    }

    /// The value, canonically: `true`, `[Negotiate, NTLM]`, `require`.
    pub fn value(&self) -> String {
        match self {
            Self::Enabled(on) | Self::UseKernelMode(on) | Self::UseAppPoolCredentials(on) => on.to_string(),
            Self::Providers(providers) => {
                let names: Vec<&str> = providers.iter().map(Provider::as_str).collect();
                format!("[{}]", names.join(", "))
            }
            Self::ExtendedProtection(checking) => checking.as_str().to_ascii_lowercase(),
        }
    }
}

/// A property that is to be written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SettingChange {
    /// What the location has.
    pub before: Setting,
    /// What it shall have: the same property. Where it is the same as before, the location inherits it from one that
    /// changes, and it is written to stay.
    pub after: Setting,
}

impl SettingChange {
    /// Whether the location shall have something else than it has.
    pub fn differs(&self) -> bool {
        self.before != self.after
    }
}

/// What one place of applicationHost.config says of `windowsAuthentication`; `None` inherits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// `enabled`.
    pub enabled: Option<bool>,
    /// `useKernelMode`.
    pub use_kernel_mode: Option<bool>,
    /// `useAppPoolCredentials`.
    pub use_app_pool_credentials: Option<bool>,
    /// The edits of `<providers>`, in order, each with its line and column in the file, where it has any.
    pub providers: Vec<(ProviderEdit, Option<(usize, usize)>)>,
    /// `extendedProtection@tokenChecking`.
    pub extended_protection: Option<ExtendedProtection>,
}

/// One element of `<providers>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderEdit {
    /// `<clear/>`.
    Clear,
    /// `<add value=.../>`.
    Add(Provider),
    /// `<remove value=.../>`.
    Remove(Provider),
}

/// One server's applicationHost.config, as far as `windowsAuthentication` is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IisConfiguration {
    /// The file that says so.
    pub file: Arc<str>,
    /// The layer of the global `system.webServer`, with that of `<location path="">` over it.
    pub global: Layer,
    /// Every path that exists: sites, applications, virtual directories and `<location>` blocks, with the layer of
    /// its `<location>` (empty where it has none). Servers whose files say the same of them share it: those of one pool
    /// mostly do.
    pub locations: Arc<BTreeMap<LocationPath, Layer>>,
}

impl IisConfiguration {
    /// Whether the server has this location: itself, or something below it, is named in the file.
    pub fn has(&self, path: &LocationPath) -> bool {
        self.locations.contains_key(path) || self.locations.keys().any(|known| known.is_below(path))
    }

    /// The effective settings at this very path: its own layer, over its parents', over the global one, over
    /// IIS's defaults.
    ///
    /// [`Reading::Absent`] where the server has no such location; unreadable where a provider is added twice,
    /// which IIS itself answers with an error 500.19.
    pub fn effective(&self, path: &LocationPath) -> Reading<WindowsAuthentication> {
        self.effective_with(path, |at| self.locations.get(at))
    }

    fn effective_with<'l>(
        &'l self,
        path: &LocationPath,
        layer_at: impl Fn(&LocationPath) -> Option<&'l Layer>,
    ) -> Reading<WindowsAuthentication> {
        let own = layer_at(path);
        if own.is_none() && !self.has(path) {
            return Reading::Absent;
        }
        let mut settings = WindowsAuthentication::default();
        // IIS ships its default providers in the global section; a global section that adds its own starts empty.
        if self.global.providers.iter().any(|(edit, _)| matches!(edit, ProviderEdit::Add(_))) {
            settings.providers.clear();
        }
        let parents: Vec<LocationPath> = path.parents().collect();
        let parents = parents.iter().filter_map(layer_at);
        for layer in [&self.global].into_iter().chain(parents).chain(own) {
            if let Err(cause) = layer.apply_to(&mut settings, &self.file) {
                return Reading::Unreadable(cause);
            }
        }
        Reading::Known(settings)
    }
}

impl Layer {
    fn set(&mut self, setting: &Setting) {
        match setting {
            Setting::Enabled(on) => self.enabled = Some(*on),
            Setting::UseKernelMode(on) => self.use_kernel_mode = Some(*on),
            Setting::UseAppPoolCredentials(on) => self.use_app_pool_credentials = Some(*on),
            Setting::ExtendedProtection(checking) => self.extended_protection = Some(*checking),
            Setting::Providers(providers) => {
                let added = providers.iter().cloned().map(ProviderEdit::Add);
                self.providers = std::iter::once(ProviderEdit::Clear).chain(added).map(|edit| (edit, None)).collect();
            }
        }
    }

    /// Whether a provider that a parent gives may be one that this place adds: then IIS can read neither.
    pub fn may_clash(&self) -> bool {
        // What follows a `clear` adds to an empty list.
        let mut before_clear = self.providers.iter().take_while(|(edit, _)| *edit != ProviderEdit::Clear);
        before_clear.any(|(edit, _)| matches!(edit, ProviderEdit::Add(_)))
    }

    fn apply_to(&self, settings: &mut WindowsAuthentication, file: &Arc<str>) -> Result<(), Cause> {
        settings.enabled = self.enabled.unwrap_or(settings.enabled);
        settings.use_kernel_mode = self.use_kernel_mode.unwrap_or(settings.use_kernel_mode);
        settings.use_app_pool_credentials = self.use_app_pool_credentials.unwrap_or(settings.use_app_pool_credentials);
        settings.extended_protection = self.extended_protection.unwrap_or(settings.extended_protection);
        for (edit, line_column) in &self.providers {
            match edit {
                ProviderEdit::Clear => settings.providers.clear(),
                ProviderEdit::Remove(provider) => settings.providers.retain(|kept| kept != provider),
                ProviderEdit::Add(provider) if settings.providers.contains(provider) => {
                    let why = format!("the provider {provider} is added a second time: IIS answers with error 500.19");
                    let place = Place { file: file.clone(), line_column: *line_column };
                    return Err(Cause::Broken { place, why });
                }
                ProviderEdit::Add(provider) => settings.providers.push(provider.clone()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(locations: &[(&str, &[ProviderEdit])]) -> IisConfiguration {
        let layer = |edits: &[ProviderEdit]| Layer {
            providers: edits.iter().map(|edit| (edit.clone(), Some((7, 1)))).collect(),
            ..Layer::default()
        };
        let mut configuration = IisConfiguration::default();
        for (path, edits) in locations {
            if path.is_empty() {
                configuration.global = layer(edits);
            } else {
                Arc::make_mut(&mut configuration.locations).insert(path.parse().unwrap(), layer(edits));
            }
        }
        configuration
    }

    fn check(locations: &[(&str, &[ProviderEdit])], path: &str, expected: Option<&[&str]>) {
        let effective = configuration(locations).effective(&path.parse().unwrap());
        let names = effective.known().map(|settings| settings.providers.iter().map(Provider::as_str).collect());
        assert_eq!(names, expected.map(<[&str]>::to_vec), "{locations:?} at {path}: {effective:?}");
    }

    #[test]
    fn only_what_is_added_to_a_parents_list_may_clash() {
        use Provider::{Negotiate, Ntlm};
        use ProviderEdit::{Add, Clear, Remove};
        let check = |edits: &[ProviderEdit], expected: bool| {
            let configuration = configuration(&[("S", edits)]);
            assert_eq!(configuration.locations[&"S".parse().unwrap()].may_clash(), expected, "{edits:?}");
        };
        check(&[], false);
        check(&[Add(Ntlm)], true);
        check(&[Remove(Ntlm), Add(Ntlm), Clear], true);
        check(&[Clear, Add(Ntlm), Add(Negotiate)], false);
        check(&[Remove(Negotiate), Clear], false);
    }

    #[test]
    fn providers_are_inherited_cleared_added_and_removed() {
        use Provider::{Negotiate, Ntlm};
        use ProviderEdit::{Add, Clear, Remove};
        let global: &[ProviderEdit] = &[Add(Negotiate), Add(Ntlm)];
        check(&[("Site", &[])], "site", Some(&["Negotiate", "NTLM"])); // IIS's own default, in any case
        check(&[("", global), ("Site", &[])], "Site", Some(&["Negotiate", "NTLM"]));
        check(&[("", global), ("Site", &[Clear, Add(Ntlm), Add(Negotiate)])], "Site", Some(&["NTLM", "Negotiate"]));
        check(&[("", global), ("Site", &[Remove(Ntlm)]), ("Site/a/b", &[])], "Site/a/b", Some(&["Negotiate"]));
        check(&[("", global), ("Site/a/b", &[])], "Site/a", Some(&["Negotiate", "NTLM"])); // something lies below it
        check(&[("", global), ("Site", &[])], "Site/a", None); // no such location
        check(&[("", global), ("Site", &[Add(Ntlm)])], "Site", None); // IIS refuses a provider added twice
    }

    #[test]
    fn differences_name_only_what_is_managed() {
        let expected = ExpectedAuthentication {
            enabled: Some(true),
            providers: Some(vec![Provider::Ntlm, Provider::Negotiate]),
            use_kernel_mode: Some(true),
            ..ExpectedAuthentication::default()
        };
        let named: Vec<String> = expected
            .differences(&WindowsAuthentication::default())
            .iter()
            .map(|change| format!("{} {} -> {}", change.after.name(), change.before.value(), change.after.value()))
            .collect();
        assert_eq!(named, ["enabled false -> true", "providers [Negotiate, NTLM] -> [NTLM, Negotiate]"]);
    }
}

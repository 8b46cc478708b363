//! The attributes and children of `windowsAuthentication`.

use crate::model::{ExtendedProtection, Layer, Provider, ProviderEdit};
use crate::snapshot::place::Fault;
use crate::snapshot::xml::{Attr, Document};
use quick_xml::events::BytesStart;

/// One element of `<providers>`, and where it is.
pub(super) struct Edit {
    pub(super) edit: ProviderEdit,
    pub(super) offset: usize,
}

/// What the attributes of this `windowsAuthentication` say.
pub(super) fn settings<'t>(document: &Document<'t>, element: &BytesStart<'t>) -> Result<Layer, Fault> {
    let mut layer = Layer::default();
    for attribute in document.attributes(element) {
        let attribute = attribute?;
        match attribute.name {
            "enabled" => layer.enabled = Some(truth(&attribute)?),
            "useKernelMode" => layer.use_kernel_mode = Some(truth(&attribute)?),
            "useAppPoolCredentials" => layer.use_app_pool_credentials = Some(truth(&attribute)?),
            _ => refuse_elsewhere(&attribute)?,
        }
    }
    Ok(layer)
}

/// A section whose content stands in another file, or is encrypted, cannot be read from this one.
pub(super) fn check_section<'t>(document: &Document<'t>, element: &BytesStart<'t>) -> Result<(), Fault> {
    document.attributes(element).try_for_each(|attribute| refuse_elsewhere(&attribute?))
}

fn refuse_elsewhere(attribute: &Attr<'_>) -> Result<(), Fault> {
    let why = match attribute.name {
        "configSource" => "configSource: this section stands in another file, which the snapshot does not have",
        "configProtectionProvider" => "configProtectionProvider: this section is encrypted",
        _ => return Ok(()),
    };
    Err(Fault::new(attribute.offset, why))
}

/// `tokenChecking` of this `extendedProtection`.
pub(super) fn check_extended_protection<'t>(
    document: &Document<'t>,
    element: &BytesStart<'t>,
) -> Result<Option<ExtendedProtection>, Fault> {
    for attribute in document.attributes(element) {
        let attribute = attribute?;
        if attribute.name == "tokenChecking" {
            let same = |known: &ExtendedProtection| known.as_str().eq_ignore_ascii_case(attribute.value.trim());
            let known = ExtendedProtection::ALL.into_iter().find(same);
            let why = "tokenChecking of this extendedProtection is none of None, Allow, Require";
            return known.map(Some).ok_or_else(|| Fault::new(attribute.offset, why));
        }
    }
    Ok(None)
}

/// The edit that this child of `<providers>` is.
pub(super) fn provider_edit<'t>(document: &Document<'t>, element: &BytesStart<'t>) -> Result<Edit, Fault> {
    let offset = document.offset(element);
    let edit = match element.name().0 {
        "clear" => ProviderEdit::Clear,
        "add" => ProviderEdit::Add(provider(document, element)?),
        "remove" => ProviderEdit::Remove(provider(document, element)?),
        _ => return Err(Fault::new(offset, "providers has an element that is none of clear, add, remove")),
    };
    Ok(Edit { edit, offset })
}

fn provider<'t>(document: &Document<'t>, element: &BytesStart<'t>) -> Result<Provider, Fault> {
    for attribute in document.attributes(element) {
        let attribute = attribute?;
        if attribute.name == "value" {
            let name = attribute.value.trim();
            if name.is_empty() || name.starts_with('[') {
                return Err(Fault::new(attribute.offset, "value of this provider is empty or encrypted"));
            }
            return Ok(Provider::from_name(name));
        }
    }
    Err(Fault::new(document.offset(element), "this provider has no value"))
}

/// IIS's schema knows `true` and `false` only; the case does not matter.
fn truth(attribute: &Attr<'_>) -> Result<bool, Fault> {
    let value = attribute.value.trim();
    if value.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if value.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        let why = format!("{} of this windowsAuthentication is neither true nor false", attribute.name);
        Err(Fault::new(attribute.offset, why))
    }
}

/// Lays one layer over another of the same place: the later word wins.
pub(super) fn lay_over(under: &mut Layer, over: Layer) {
    under.enabled = over.enabled.or(under.enabled);
    under.use_kernel_mode = over.use_kernel_mode.or(under.use_kernel_mode);
    under.use_app_pool_credentials = over.use_app_pool_credentials.or(under.use_app_pool_credentials);
    under.extended_protection = over.extended_protection.or(under.extended_protection);
    if under.providers.is_empty() {
        under.providers = over.providers;
    } else {
        under.providers.extend(over.providers);
    }
}

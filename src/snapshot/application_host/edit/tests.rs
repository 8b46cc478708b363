//! Edits of IIS settings, of hand-written, generated and real files.

use super::*;
use crate::model::{ExtendedProtection, IisConfiguration};
use crate::snapshot::samples;
use crate::snapshot::xml_edit;
use proptest::prelude::*;

fn file() -> Arc<str> {
    "servers/fe01.contoso.com/applicationHost.config".into()
}

fn set_text(text: &str, location: &str, settings: &[Setting]) -> Result<String, String> {
    set(&file(), text, &location.parse().unwrap(), settings).map_err(|cause| cause.to_string())
}

/// The lines of `edited` that are not in `text`, and the other way round, as a person would see them.
fn difference(text: &str, edited: &str) -> String {
    let diff = similar::TextDiff::from_lines(text, edited);
    let changed = diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal);
    changed.map(|change| format!("{}{}", change.tag(), change.value().trim_end())).collect::<Vec<_>>().join("\n")
}

const TEXT: &str = r#"<?xml version="1.0"?>
<configuration>
  <!-- sites -->
  <system.applicationHost>
    <sites><site name="S" id="1"><application path="/" /><application path="/a" /></site></sites>
  </system.applicationHost>
  <location path="S" overrideMode='Allow'>
    <system.webServer>
      <security>
        <authentication>
          <windowsAuthentication enabled='true' useKernelMode="true">
            <!-- order matters -->
            <providers>
              <clear />
              <add value="NTLM" /> <!-- first -->
              <add value="Negotiate"></add>
            </providers>
          </windowsAuthentication>
        </authentication>
      </security>
    </system.webServer>
  </location>
  <location path="S/a">
    <system.webServer />
  </location>
</configuration>
"#;

#[test]
fn only_what_must_change_does() {
    use Provider::{Negotiate, NegotiateKerberos, Ntlm};
    let check = |location: &str, settings: &[Setting], expected: &str| {
        let edited = set_text(TEXT, location, settings).unwrap();
        assert_eq!(difference(TEXT, &edited), expected.trim_matches('\n'), "{location} {settings:?}");
        let windows = TEXT.replace('\n', "\r\n");
        let edited_windows = set_text(&windows, location, settings).unwrap();
        assert_eq!(edited_windows, edited.replace('\n', "\r\n"), "line ends are the file's own");
    };
    check("S", &[Setting::Enabled(true), Setting::UseKernelMode(true)], "");
    check(
        "s",
        &[Setting::Enabled(false), Setting::UseAppPoolCredentials(true)],
        r#"
-          <windowsAuthentication enabled='true' useKernelMode="true">
+          <windowsAuthentication enabled='false' useKernelMode="true" useAppPoolCredentials="true">"#,
    );
    check(
        "S",
        &[Setting::Providers(vec![Negotiate, Ntlm])],
        r#"
-              <add value="NTLM" /> <!-- first -->
-              <add value="Negotiate"></add>
+              <add value="Negotiate" /> <!-- first -->
+              <add value="NTLM"></add>"#,
    );
    check(
        "S",
        &[Setting::Providers(vec![NegotiateKerberos])],
        r#"
-              <add value="NTLM" /> <!-- first -->
-              <add value="Negotiate"></add>
+              <add value="Negotiate:Kerberos" /> <!-- first -->"#,
    );
    check(
        "S",
        &[Setting::Providers(vec![Ntlm, Negotiate, NegotiateKerberos])],
        r#"
+              <add value="Negotiate:Kerberos" />"#,
    );
    check(
        "S",
        &[Setting::ExtendedProtection(ExtendedProtection::Require)],
        r#"
+            <extendedProtection tokenChecking="Require" />"#,
    );
    check(
        "S/a",
        &[Setting::Enabled(false), Setting::Providers(vec![Negotiate])],
        r#"
-    <system.webServer />
+    <system.webServer>
+      <security>
+        <authentication>
+          <windowsAuthentication enabled="false">
+            <providers>
+              <clear />
+              <add value="Negotiate" />
+            </providers>
+          </windowsAuthentication>
+        </authentication>
+      </security>
+    </system.webServer>"#,
    );
}

#[test]
fn a_missing_location_block_is_made() {
    let text = TEXT.replace("\n  <location path=\"S/a\">\n    <system.webServer />\n  </location>", "");
    let edited = set_text(&text, "S/a", &[Setting::UseKernelMode(false)]).unwrap();
    let block = "  <location path=\"S/a\">\n    <system.webServer>\n      <security>\n        <authentication>\n          \
                 <windowsAuthentication useKernelMode=\"false\" />\n        </authentication>\n      </security>\n    \
                 </system.webServer>\n  </location>\n</configuration>";
    assert!(edited.contains(block), "{edited}");
}

#[test]
fn what_cannot_be_set_is_said_and_quotes_nothing() {
    let check = |text: &str, location: &str, why: &str| {
        let said = set_text(text, location, &[Setting::Enabled(false)]).unwrap_err();
        assert!(said.contains(why) && !said.contains("hunter2"), "{said}");
    };
    check(TEXT, "S/none", "the server has no IIS location S/none");
    check(&TEXT.replace("</configuration>", "<x password='hunter2'"), "S", "tag not closed");
    let elsewhere = TEXT.replace("useKernelMode=\"true\"", "configSource='hunter2'");
    check(&elsewhere, "S", "stands in another file");
}

/// How a generated file is written.
#[derive(Clone, Debug)]
struct Writing {
    newline: &'static str,
    unit: &'static str,
    close: &'static str,
}

/// One generated `<location>` block.
#[derive(Clone, Debug)]
struct Block {
    path: &'static str,
    /// How many of the elements down to `windowsAuthentication` it has.
    depth: usize,
    enabled: Option<bool>,
    kernel: Option<bool>,
    providers: Option<Vec<Provider>>,
    protection: Option<ExtendedProtection>,
    comment: bool,
}

const PATHS: [&str; 5] = ["S", "S/a", "S/a/b", "S/ü&c", "T"];

fn block() -> impl Strategy<Value = Block> {
    let flag = || proptest::option::of(any::<bool>());
    let providers = proptest::option::of(providers(0));
    let protection = proptest::option::of(proptest::sample::select(ExtendedProtection::ALL.to_vec()));
    let path = proptest::sample::select(PATHS.to_vec());
    (path, 0..=4_usize, flag(), flag(), providers, protection, any::<bool>()).prop_map(
        |(path, depth, enabled, kernel, providers, protection, comment)| Block {
            path,
            depth,
            enabled,
            kernel,
            providers,
            protection,
            comment,
        },
    )
}

fn providers(least: usize) -> impl Strategy<Value = Vec<Provider>> {
    proptest::sample::subsequence(Provider::KNOWN.to_vec(), least..=4).prop_shuffle()
}

fn setting() -> impl Strategy<Value = Setting> {
    prop_oneof![
        any::<bool>().prop_map(Setting::Enabled),
        any::<bool>().prop_map(Setting::UseKernelMode),
        any::<bool>().prop_map(Setting::UseAppPoolCredentials),
        providers(1).prop_map(Setting::Providers),
        proptest::sample::select(ExtendedProtection::ALL.to_vec()).prop_map(Setting::ExtendedProtection),
    ]
}

fn writing() -> impl Strategy<Value = Writing> {
    let newline = proptest::sample::select(vec!["\n", "\r\n", ""]);
    let unit = proptest::sample::select(vec!["  ", "    ", "\t"]);
    let close = proptest::sample::select(vec!["/>", " />"]);
    (newline, unit, close).prop_map(|(newline, unit, close)| Writing { newline, unit, close })
}

impl Writing {
    fn line(&self, depth: usize, text: &str) -> String {
        let indent = if self.newline.is_empty() { String::new() } else { self.unit.repeat(depth) };
        format!("{indent}{text}{}", self.newline)
    }

    fn document(&self, blocks: &[Block]) -> String {
        let mut text = self.line(0, "<?xml version='1.0'?>") + &self.line(0, "<configuration>");
        let sites = "<system.applicationHost><sites><site name='S'><application path='/a'><virtualDirectory path='/b'/>\
                     </application><application path='/ü&amp;c'/></site><site name='T'/></sites></system.applicationHost>";
        text += &self.line(1, sites);
        text.extend(blocks.iter().map(|block| self.block(block)));
        text + &self.line(0, "</configuration>")
    }

    fn block(&self, block: &Block) -> String {
        let path = xml_edit::escape(block.path);
        let mut text = self.line(1, &format!("<location path=\"{path}\">"));
        if block.comment {
            text += &self.line(2, "<!-- <windowsAuthentication enabled='maybe'> -->");
        }
        for (at, name) in PATH.iter().take(block.depth.min(3)).enumerate() {
            text += &self.line(2 + at, &format!("<{name}>"));
        }
        if block.depth == 4 {
            text += &self.windows_authentication(block);
        }
        for (at, name) in PATH.iter().take(block.depth.min(3)).enumerate().rev() {
            text += &self.line(2 + at, &format!("</{name}>"));
        }
        text + &self.line(1, "</location>")
    }

    fn windows_authentication(&self, block: &Block) -> String {
        let flag = |name: &str, on: Option<bool>| on.map_or(String::new(), |on| format!(" {name}='{on}'"));
        let attributes = flag("enabled", block.enabled) + &flag("useKernelMode", block.kernel);
        let mut inner = String::new();
        if let Some(providers) = &block.providers {
            inner += &self.line(6, "<providers>");
            inner += &self.line(7, &format!("<clear{}", self.close));
            for provider in providers {
                inner += &self.line(7, &format!("<add value='{provider}'{}", self.close));
                inner += &self.line(7, "<!-- a provider -->");
            }
            inner += &self.line(6, "</providers>");
        }
        if let Some(checking) = block.protection {
            inner += &self.line(6, &format!("<extendedProtection tokenChecking='{}'{}", checking.as_str(), self.close));
        }
        if inner.is_empty() {
            return self.line(5, &format!("<windowsAuthentication{attributes}{}", self.close));
        }
        self.line(5, &format!("<windowsAuthentication{attributes}>"))
            + &inner
            + &self.line(5, "</windowsAuthentication>")
    }
}

fn read(text: &str) -> IisConfiguration {
    parse(&file(), text, &mut Known::default()).unwrap()
}

fn comments(text: &str) -> usize {
    text.matches("<!--").count()
}

/// Asserts what must hold after any edit of `text` at `location`.
fn check_edit(text: &str, edited: &str, location: &str, settings: &[Setting]) {
    let (before, after) = (read(text), read(edited));
    let location: LocationPath = location.parse().unwrap();
    let Reading::Known(now) = after.effective(&location) else { panic!("{location} cannot be read") };
    for setting in settings {
        assert!(is_in_effect(&now, setting), "{setting:?} at {location}");
    }
    for path in before.locations.keys().filter(|path| **path != location && !path.is_below(&location)) {
        assert_eq!(before.effective(path), after.effective(path), "{path} after an edit of {location}");
    }
    let root = root(text).unwrap();
    let block = root.named("location").rfind(|block| {
        block.attribute("path").is_some_and(|path| path.parse::<LocationPath>().as_ref() == Ok(&location))
    });
    let prefix = text.bytes().zip(edited.bytes()).take_while(|(a, b)| a == b).count();
    let suffix = text.bytes().rev().zip(edited.bytes().rev()).take_while(|(a, b)| a == b).count();
    match block {
        Some(_) if text == edited => {}
        Some(_) => {
            let first = root.named("location").find(|block| {
                block.attribute("path").is_some_and(|path| path.parse::<LocationPath>().as_ref() == Ok(&location))
            });
            let whole = first.unwrap().whole.start..block.unwrap().whole.end;
            assert!(prefix >= whole.start, "something before {location} was changed");
            assert!(suffix >= text.len() - whole.end, "something behind {location} was changed");
        }
        None => assert!(prefix + suffix >= text.len(), "a new block only adds"),
    }
    assert_eq!(comments(edited), comments(text), "comments stay");
    let again = set(&file(), edited, &location, settings);
    assert_eq!(again.as_deref(), Ok(edited), "what is in effect changes nothing");
}

proptest! {
    #[test]
    fn an_edit_does_what_it_shall_and_nothing_else(
        writing in writing(),
        blocks in proptest::collection::vec(block(), 0..6),
        location in proptest::sample::select(PATHS.to_vec()),
        settings in proptest::collection::vec(setting(), 1..4),
    ) {
        let mut settings = settings;
        let mut seen = std::collections::BTreeSet::new();
        settings.retain(|setting| seen.insert(setting.name()));
        let text = writing.document(&blocks);
        let edited = set_text(&text, location, &settings).unwrap();
        check_edit(&text, &edited, location, &settings);
        let newlines = |text: &str| text.matches('\n').count() - text.matches("\r\n").count();
        if writing.newline == "\r\n" {
            prop_assert_eq!(newlines(&edited), 0, "no line ends otherwise");
        }
    }
}

#[test]
fn locations_of_the_samples_can_be_edited() {
    for name in ["iis/exchange-2019.applicationHost.config", "iis/stock.applicationHost.config"] {
        let Some(text) = samples::read(name) else { return };
        let settings = [
            Setting::UseAppPoolCredentials(true),
            Setting::Providers(vec![Provider::NegotiateKerberos, Provider::Ntlm]),
            Setting::ExtendedProtection(ExtendedProtection::Allow),
        ];
        // Every seventh: the file is large, and each is edited and read several times.
        for location in read(&text).locations.keys().step_by(7) {
            let edited = set_text(&text, location.as_str(), &settings).unwrap();
            check_edit(&text, &edited, location.as_str(), &settings);
        }
    }
}

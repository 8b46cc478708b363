//! Layers, places, the real samples location by location, and what breaks a file.

use super::*;
use crate::model::{Provider, ProviderEdit, Reading, WindowsAuthentication};
use crate::snapshot::samples;
use crate::snapshot::tests::{broken, source};
use crate::snapshot::xml::DEEPEST;
use proptest::prelude::*;

const FILE: &str = "servers/fe01.contoso.com/applicationHost.config";

fn read_text(text: &str) -> Result<IisConfiguration, Cause> {
    read(&source(FILE, text), &mut Known::default())
}

/// Canonical settings of a location: `enabled kernel pool [providers] protection`.
fn effective(configuration: &IisConfiguration, path: &str) -> String {
    match configuration.effective(&path.parse().unwrap()) {
        Reading::Known(settings) => canonical(&settings),
        Reading::Absent => "absent".to_owned(),
        Reading::Unreadable(cause) => cause.to_string(),
    }
}

fn canonical(settings: &WindowsAuthentication) -> String {
    let flag = |on: bool, name: &str| if on { name.to_owned() } else { format!("no-{name}") };
    let providers: Vec<&str> = settings.providers.iter().map(Provider::as_str).collect();
    format!(
        "{} {} {} [{}] {}",
        flag(settings.enabled, "enabled"),
        flag(settings.use_kernel_mode, "kernel"),
        flag(settings.use_app_pool_credentials, "pool"),
        providers.join(", "),
        settings.extended_protection.as_str()
    )
}

/// Expectations read by eye from the file: its global section is disabled, without kernel mode, Negotiate then NTLM.
#[test]
fn the_exchange_sample_location_by_location() {
    let Some(text) = samples::read("iis/exchange-2019.applicationHost.config") else { return };
    let configuration = read_text(&text).unwrap();
    let both = "[Negotiate, NTLM]";
    for (path, expected) in [
        // Lines 1320 to 1326: enabled; clear, Negotiate, NTLM.
        ("Exchange Back End/PowerShell", format!("enabled no-kernel no-pool {both} None")),
        // Line 1358: enabled, nothing else; the rest is global.
        ("Exchange Back End/mapi/emsmdb", format!("enabled no-kernel no-pool {both} None")),
        // Line 462 and 1392: a site whose location says nothing of it.
        ("Exchange Back End", format!("no-enabled no-kernel no-pool {both} None")),
        // Line 1443: disabled below an enabled parent, whose providers it inherits.
        ("Exchange Back End/owa/auth", format!("no-enabled no-kernel no-pool {both} None")),
        // Line 465: a virtual directory without a location of its own.
        ("Exchange Back End/mapi", format!("no-enabled no-kernel no-pool {both} None")),
        // Lines 1808 to 1812: cleared, nothing added.
        ("Exchange Back End/Microsoft-Server-ActiveSync", "no-enabled no-kernel no-pool [] None".to_owned()),
        // Lines 1836 to 1842: its child adds both again.
        ("Exchange Back End/Microsoft-Server-ActiveSync/Proxy", format!("enabled no-kernel no-pool {both} None")),
        // Lines 1857 to 1866: tokenChecking None is written out.
        ("exchange back end/ews", format!("enabled no-kernel no-pool {both} None")),
        // Lines 2330 to 2335: Negotiate alone.
        ("Default Web Site/PowerShell", "no-enabled no-kernel no-pool [Negotiate] None".to_owned()),
        // Line 2363: enabled without kernel mode, both written out.
        ("Default Web Site/mapi", format!("enabled no-kernel no-pool {both} None")),
        // Line 415 and 2006: an application with a location of its own.
        ("Default Web Site/owa/Calendar", format!("no-enabled no-kernel no-pool {both} None")),
        // A page within an application that is there has no settings of its own to compare.
        ("Default Web Site/owa/nothing", "absent".to_owned()),
        ("Lync Server Internal Web Site", "absent".to_owned()),
    ] {
        assert_eq!(effective(&configuration, path), expected, "{path}");
    }
    let places = &configuration.locations[&"Exchange Back End/PowerShell".parse().unwrap()].providers;
    let places: Vec<_> = places.iter().map(|(_, place)| *place).collect();
    assert_eq!((&*configuration.file, places), (FILE, [1322, 1323, 1324].map(|line| Some((line, 29))).to_vec()));
}

#[test]
fn the_stock_sample_has_the_defaults_everywhere() {
    let Some(text) = samples::read("iis/stock.applicationHost.config") else { return };
    let configuration = read_text(&text).unwrap();
    let sites: Vec<String> = configuration.locations.keys().map(ToString::to_string).collect();
    assert_eq!(sites, ["Default Web Site", "deneme.com", "ikinci.com", "redisoncloud.com"]);
    let default = canonical(&WindowsAuthentication::default());
    assert_eq!(default, "no-enabled kernel no-pool [Negotiate, NTLM] None");
    for site in sites {
        assert_eq!(effective(&configuration, &site), default, "{site}");
    }
}

#[test]
fn samples_cut_off_anywhere_are_never_read() {
    let Some(text) = samples::read("iis/stock.applicationHost.config") else { return };
    let text = text.trim_end();
    for end in (0..text.len()).step_by(1009).chain(text.len() - 20..text.len()) {
        assert!(read_text(&text[..end]).is_err(), "cut off at {end}");
    }
}

/// A configuration with one site "S" and this global section and these locations.
fn file(global: &str, rest: &str) -> String {
    format!(
        "<configuration><system.applicationHost><sites><site name='S'><application path='/'>\
         <virtualDirectory path='/'/></application></site></sites></system.applicationHost>\
         <system.webServer><security><authentication>{global}</authentication></security></system.webServer>\
         {rest}</configuration>"
    )
}

fn location(path: &str, settings: &str) -> String {
    format!(
        "<location path='{path}'><system.webServer><security><authentication>{settings}</authentication></security>\
         </system.webServer></location>"
    )
}

#[test]
fn layers_lie_over_each_other() {
    let check = |global: &str, rest: &str, path: &str, expected: &str| {
        assert_eq!(effective(&read_text(&file(global, rest)).unwrap(), path), expected, "{global} {rest}");
    };
    let defaults = "no-enabled kernel no-pool [Negotiate, NTLM] None";
    check("", "", "S", defaults);
    check("<windowsAuthentication/>", "", "s", defaults);
    check(
        "<windowsAuthentication enabled='TRUE' useKernelMode='False'><providers><add value='ntlm'/></providers>\
         <extendedProtection tokenChecking='allow'><spn name='x'/></extendedProtection></windowsAuthentication>",
        "",
        "S",
        "enabled no-kernel no-pool [NTLM] Allow",
    );
    // The global location lies over the global section wherever it stands; "." is the same.
    let over = location(".", "<windowsAuthentication useAppPoolCredentials='true'/>")
        + &location("", "<windowsAuthentication useAppPoolCredentials='false'/>");
    check("<windowsAuthentication useAppPoolCredentials='true'/>", &over, "S", defaults);
    // Two blocks of one path, in any case, merge in document order.
    let twice = location("S/a", "<windowsAuthentication enabled='true' useKernelMode='true'/>")
        + &location(
            "s/A",
            "<windowsAuthentication useKernelMode='false'><providers><clear/></providers>\
                             </windowsAuthentication>",
        )
        + &location("S/a", "<windowsAuthentication><providers><add value='NTLM'/></providers></windowsAuthentication>");
    check("", &twice, "S/a", "enabled no-kernel no-pool [NTLM] None");
    check("", &twice, "S", defaults);
    // A location somewhere else is none, and neither is its element under another parent.
    let nested = format!("<other>{}</other><!--{}-->", location("S/x", ""), location("S/y", ""));
    check("", &nested, "S/x", "absent");
    check("", &nested, "S/y", "absent");
    let stray = "<location path='S'><windowsAuthentication enabled='true'/></location>";
    check("", stray, "S", defaults);
    let wrong_case = location("S", "<WindowsAuthentication enabled='true'/>");
    check("", &wrong_case, "S", defaults);
}

#[test]
fn locations_are_sites_applications_directories_and_blocks() {
    let text = "<configuration><system.applicationHost><sites>\
        <site name='A'><application path='/'><virtualDirectory path='/'/><virtualDirectory path='/v/w'/></application>\
        <application path='/app'><virtualDirectory path='/'/><virtualDirectory path='/d'/></application>\
        <bindings><application path='/no'/></bindings></site><siteDefaults><application path='/no'/></siteDefaults>\
        <site name='B'/></sites></system.applicationHost>\
        <location path='C/x'/><location/><location path='D'><system.webServer/></location></configuration>";
    let configuration = read_text(text).unwrap();
    let paths: Vec<String> = configuration.locations.keys().map(ToString::to_string).collect();
    assert_eq!(paths, ["A", "A/app", "A/app/d", "A/v/w", "B", "C/x", "D"]);
}

#[test]
fn a_provider_added_twice_is_unreadable_at_its_place() {
    let text = file(
        "",
        &location("S", "<windowsAuthentication><providers>\n<add value='NTLM'/></providers></windowsAuthentication>"),
    );
    let cause = effective(&read_text(&text).unwrap(), "S");
    assert!(cause.starts_with(&format!("{FILE}:2:1: the provider NTLM is added a second time")), "{cause}");
}

#[test]
fn broken_files_say_where_and_quote_nothing() {
    let check = |text: &str, why: &str| broken(&read_text(text), why);
    let windows =
        |attributes: &str| file("", &format!("\n{}", location("S", &format!("<windowsAuthentication {attributes}/>"))));
    check(&windows("enabled='yes'"), ":2:87: enabled of this windowsAuthentication is neither true nor false");
    check(&windows("useKernelMode='1'"), "useKernelMode of this");
    check(&windows("useAppPoolCredentials=''"), "useAppPoolCredentials of this");
    check(&windows("enabled='true' enabled='true'"), ":2:64: an attribute of this element");
    check(&windows("configSource='x.config'"), "configSource: this section stands in another file");
    check(&windows("configProtectionProvider='x'"), "is encrypted");
    let inner = |inner: &str| file(&format!("<windowsAuthentication>{inner}</windowsAuthentication>"), "");
    check(&inner("<extendedProtection tokenChecking='Sometimes'/>"), "none of None, Allow, Require");
    check(&inner("<providers><set value='NTLM'/></providers>"), "none of clear, add, remove");
    check(&inner("<providers><add/></providers>"), "this provider has no value");
    check(&inner("<providers><add value='[enc:AesProvider:hunter2:enc]'/></providers>"), "empty or encrypted");
    check("<web/>", "1:1: the root element is not configuration");
    check(&file("", "<location path='a//b'/>"), "the path of this location cannot be taken");
    check(
        "<configuration><system.applicationHost><sites><site id='1'/></sites></system.applicationHost></configuration>",
        "site has no name",
    );
    check(&file("", "<add password='hunter2'></remove>"), "not the one of the element opened last");
    check(&file("", "<add password='&hunter2;'/>"), "entity reference");
    check(&file("", "<add>&hunter2;</add>"), "entity reference");
    check(&format!("<!DOCTYPE hunter2>{}", file("", "")), "1:1: there is a DTD");
    for text in
        [windows("enabled='hunter2'"), file("", "<x hunter2"), file("", "</hunter2>"), file("", "<x y='hunter2'")]
    {
        let cause = read_text(&text).unwrap_err().to_string();
        assert!(!cause.contains("hunter2"), "{cause}");
    }
}

#[test]
fn a_small_file_cut_off_at_every_byte_is_never_read() {
    let whole = file("<windowsAuthentication/>", &location("S/ü", "<windowsAuthentication enabled='true'/>"));
    assert!(read_text(&whole).is_ok());
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        assert!(read_text(&whole[..end]).is_err(), "cut off at {end}");
    }
}

/// What one layer of a generated file says, by the attributes' order in the file.
#[derive(Clone, Debug)]
struct Said {
    enabled: Option<bool>,
    kernel: Option<bool>,
    edits: Vec<ProviderEdit>,
}

fn said() -> impl Strategy<Value = Said> {
    let provider = || proptest::sample::select(Provider::KNOWN.to_vec());
    let edit = prop_oneof![
        Just(ProviderEdit::Clear),
        provider().prop_map(ProviderEdit::Add),
        provider().prop_map(ProviderEdit::Remove),
    ];
    let flag = || proptest::option::of(any::<bool>());
    (flag(), flag(), proptest::collection::vec(edit, 0..4)).prop_map(|(enabled, kernel, edits)| Said {
        enabled,
        kernel,
        edits,
    })
}

impl Said {
    fn xml(&self) -> String {
        let flag = |name: &str, on: Option<bool>| on.map_or(String::new(), |on| format!(" {name}=\"{on}\""));
        let edits: String = self
            .edits
            .iter()
            .map(|edit| match edit {
                ProviderEdit::Clear => "<clear />".to_owned(),
                ProviderEdit::Add(provider) => format!("<add value=\"{provider}\" />"),
                ProviderEdit::Remove(provider) => format!("<remove value=\"{provider}\" />"),
            })
            .collect();
        let (enabled, kernel) = (flag("enabled", self.enabled), flag("useKernelMode", self.kernel));
        format!("<windowsAuthentication{enabled}{kernel}><providers>{edits}</providers></windowsAuthentication>")
    }
}

proptest! {
    /// Attributes come from the innermost layer that says them; providers are the edits of all layers in one row.
    #[test]
    fn inheritance_is_the_innermost_word(layers in proptest::collection::vec(said(), 1..5), shuffle in any::<bool>()) {
        let paths = ["", "S", "S/a", "S/a/b"];
        let mut blocks: Vec<String> =
            layers.iter().zip(paths).skip(1).map(|(said, path)| location(path, &said.xml())).collect();
        if shuffle {
            blocks.reverse();
        }
        let innermost = paths[(layers.len() - 1).min(3)];
        let path = if innermost.is_empty() { "S" } else { innermost };
        let configuration = read_text(&file(&layers[0].xml(), &blocks.concat())).unwrap();
        let used = &layers[..layers.len().min(4)];
        let mut providers = WindowsAuthentication::default().providers;
        if used[0].edits.iter().any(|edit| matches!(edit, ProviderEdit::Add(_))) {
            providers.clear();
        }
        let mut twice = false;
        for edit in used.iter().flat_map(|said| &said.edits) {
            match edit {
                ProviderEdit::Clear => providers.clear(),
                ProviderEdit::Remove(provider) => providers.retain(|kept| kept != provider),
                ProviderEdit::Add(provider) if providers.contains(provider) => twice = true,
                ProviderEdit::Add(provider) => providers.push(provider.clone()),
            }
            if twice {
                break;
            }
        }
        match configuration.effective(&path.parse().unwrap()) {
            Reading::Known(settings) => {
                prop_assert!(!twice);
                prop_assert_eq!(settings.providers, providers);
                prop_assert_eq!(settings.enabled, used.iter().rev().find_map(|said| said.enabled).unwrap_or(false));
                prop_assert_eq!(settings.use_kernel_mode, used.iter().rev().find_map(|said| said.kernel).unwrap_or(true));
            }
            Reading::Unreadable(_) => prop_assert!(twice),
            Reading::Absent => prop_assert!(false, "{path} is in the file"),
        }
    }
}

/// A file is read as if no other had been read before: with the same values, spelled alike, the same places, and the same
/// faults at the same places.
fn assert_as_if_first(text: &str, known: &mut Known) {
    let source = source(FILE, text);
    let (after, first) = (read(&source, known), read(&source, &mut Known::default()));
    assert_eq!(format!("{after:?}"), format!("{first:?}"), "{text}");
}

/// What files before said is remembered, and changes nothing of what a file says.
#[test]
fn files_read_one_after_the_other_are_read_as_if_each_were_the_first() {
    let file = |sites: &str, locations: &str| {
        format!(
            "<configuration><system.applicationHost><sites>{sites}</sites></system.applicationHost>{locations}</configuration>"
        )
    };
    let site = |name: &str, applications: &[&str]| {
        let applications = applications.iter().map(|path| {
            format!("<application path=\"{path}\"><virtualDirectory path=\"/\"/><virtualDirectory path=\"/x\"/></application>")
        });
        format!("<site name=\"{name}\">{}</site>", applications.collect::<String>())
    };
    let location = |path: &str, enabled: bool| {
        format!(
            "<location path=\"{path}\"><system.webServer><security><authentication>\
             <windowsAuthentication enabled=\"{enabled}\"/>\
             </authentication></security></system.webServer></location>"
        )
    };
    let (a, b) = (site("A", &["/", "/one", "/two"]), site("B", &["/", "/two"]));
    let files = [
        file(&format!("{a}{b}"), &location("A", true)),
        file(&format!("{b}{a}"), &location("A", true)),
        file(&format!("{a}{b}"), &location("A", true)),
        file(&site("a", &["/", "/ONE", "/two"]), &location("a/one", false)),
        file(&a, &(location("A", true) + &location("a", false))),
        file("", &location("AA/one", true)),
        file(&format!("{a}{b}"), &location("A", false)),
    ];
    let mut known = Known::default();
    for (first, second) in (0..files.len()).flat_map(|first| (0..files.len()).map(move |second| (first, second))) {
        for text in [&files[first], &files[second]] {
            assert_as_if_first(text, &mut known);
        }
    }
}

#[test]
fn a_piece_says_the_same_only_where_the_same_stands_around_it() {
    let check = |before: &str, text: &str| {
        let mut known = Known::default();
        for text in [before, text] {
            assert_as_if_first(&format!("<configuration>{text}</configuration>"), &mut known);
        }
    };
    let deep = "<x>".repeat(DEEPEST - 2) + &"</x>".repeat(DEEPEST - 2);
    let hosting = format!("<system.applicationHost>{deep}</system.applicationHost>");
    check(&hosting, &format!("<location path='A'>{hosting}</location>"));
    check("<x b='&#'/>;", "<x b='&#'/>");
    check("<x b='&#1'/>;", "<x b='&#1'/>");
    check("<x/><!--&x;-->", "<x/>&x;");
    check("<x><?xml version='1.0'?></x>", "<x/>");
    let provider = |name: &str| {
        format!(
            "<system.webServer><security><authentication><windowsAuthentication><providers><add value='{name}'/>\
             </providers></windowsAuthentication></authentication></security></system.webServer>"
        )
    };
    check(&provider("Foo"), &provider("FOO"));
    check(&format!("<x é=''/>{}", provider("NTLM")), &format!("<x e=''/><x é=''/>{}", provider("NTLM")));
}

#[test]
fn marks_at_the_beginning_move_nothing() {
    let mut known = Known::default();
    for mark in ["", "\u{feff}", "\u{feff}\u{feff}"] {
        for text in [
            "<configuration a=\"é\"></configuration>",
            "<configuration><aaa></aaa></configuration>",
            "<configuration><aaa></axx></configuration>",
        ] {
            assert_as_if_first(&format!("{mark}{text}"), &mut known);
        }
    }
}

/// Files put together from the same few pieces, in any order; some of the pieces are at fault.
fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
    let section = |said: &str| {
        format!("<system.webServer><security><authentication>{said}</authentication></security></system.webServer>")
    };
    let in_a_line = "<windowsAuthentication enabled=\"true\"><providers><clear/><add value=\"NTLM\"/></providers>\
                     </windowsAuthentication>";
    let in_lines = "<windowsAuthentication useKernelMode=\"false\">\n<providers>\n  <remove value=\"NTLM\"/>\
                    </providers></windowsAuthentication>";
    let location = |path: &str, said: &str| format!("\r\n  <location path=\"{path}\">\r\n{}</location>", section(said));
    let sites = |name: &str, content: &str| {
        format!(
            "<system.applicationHost><sites><site name=\"{name}\">{content}</site></sites></system.applicationHost>"
        )
    };
    let application = "<application path=\"/x\"><virtualDirectory path=\"/\"/></application>";
    let sound = vec![
        section(in_a_line),
        section(in_lines),
        location("", in_a_line),
        location("A", in_lines),
        location("a/x", in_a_line),
        sites("A", application),
        sites("B", application),
        sites("A", &format!("<binding a='1'/>{application}<!-- c -->\n{application}")),
        sites("A", &format!("<binding a='2'/>{application}<!-- c -->\n{application}<application path='/y'/>")),
        sites("A", &format!("text{application}<![CDATA[<]]>{application}&amp;{application}")),
        "\n".to_owned(),
        "  <!-- a -->".to_owned(),
        "text".to_owned(),
        "&amp;".to_owned(),
        "<![CDATA[<a>]]>".to_owned(),
        "<other>\n</other>".to_owned(),
    ];
    let faulty = vec![
        section("<windowsAuthentication enabled=\"maybe\"/>"),
        sites("A", &format!("{application}<application/>")),
        "<other b='&x;'/>".to_owned(),
        "<other>".to_owned(),
        "<other></otter>".to_owned(),
        "<other b='&#'/>".to_owned(),
    ];
    let one_of = |pieces: Vec<String>| {
        proptest::sample::select(pieces.into_iter().map(|piece| &*piece.leak()).collect::<Vec<&'static str>>())
    };
    proptest::collection::vec(prop_oneof![20 => one_of(sound), 1 => one_of(faulty)], 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// What the file before had too is not walked again, and is read as if it were: places and faults as well.
    #[test]
    fn pieces_of_the_file_before_change_nothing(files in proptest::collection::vec((pieces(), any::<bool>()), 1..6)) {
        let mut known = Known::default();
        for (pieces, declared) in files {
            let declaration = if declared { "<?xml version='1.0'?>\n" } else { "" };
            let text = format!("{declaration}<configuration>{}</configuration>", pieces.concat());
            let source = source(FILE, &text);
            let (after, first) = (read(&source, &mut known), read(&source, &mut Known::default()));
            prop_assert_eq!(format!("{after:?}"), format!("{first:?}"), "{}", text);
        }
    }
}

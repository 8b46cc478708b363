//! applicationHost.config of a server that runs Web Services, made up: as large as the ordinary ones or as the largest
//! real ones, different from server to server, with nothing secret in it.

use super::deployment::LOCATIONS;
use clap::ValueEnum;
use std::fmt::Write as _;

/// How large the files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Size {
    /// Some 15 kB: what Web Services need.
    Ordinary,
    /// Some 170 kB, as a real Exchange server has it: every handler, module and MIME type, and over forty locations.
    Real,
}

/// Whether the file is as the deployment wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    /// It is.
    Unchanged,
    /// In both locations something differs.
    Changed,
}

/// Stands where a file has its server's name.
const NAME: &str = "\u{1}";

/// The file of any server: the pieces between which its name stands.
pub(crate) struct Template(String);

impl Template {
    pub(crate) fn new(size: Size, state: State) -> Self {
        let mut file = File { text: String::new(), depth: 0 };
        let applications = if size == Size::Real { 42 } else { 16 };
        file.line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        file.line("<!-- the configuration of IIS -->");
        file.element("configuration", "", |file| {
            file.sections(size);
            file.element("system.applicationHost", "", |file| file.hosting(applications));
            file.element("system.webServer", "", |file| file.global(size));
            for location in LOCATIONS {
                file.location(location, Some(state), 4);
            }
            match size {
                Size::Ordinary => (0..3).for_each(|at| file.location(&application(at), None, 4)),
                Size::Real => (0..applications).for_each(|at| file.location(&application(at), None, 20)),
            }
        });
        Self(file.text)
    }

    /// The file of that server.
    pub(crate) fn of(&self, server: &str) -> String {
        self.0.replace(NAME, server)
    }
}

fn application(at: usize) -> String {
    format!("{}/Application{:02}", LOCATIONS[at % 2], at / 2)
}

/// The file while it is being written, with CRLF as Windows has it.
struct File {
    text: String,
    depth: usize,
}

impl File {
    fn line(&mut self, line: &str) {
        let width = self.depth * 4;
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{:width$}{line}\r\n", "");
    }

    fn element(&mut self, name: &str, attributes: &str, content: impl FnOnce(&mut Self)) {
        let space = if attributes.is_empty() { "" } else { " " };
        self.line(&format!("<{name}{space}{attributes}>"));
        self.depth += 1;
        content(self);
        self.depth -= 1;
        self.line(&format!("</{name}>"));
    }

    fn sections(&mut self, size: Size) {
        let sections = if size == Size::Real { 70 } else { 8 };
        self.element("configSections", "", |file| {
            file.element("sectionGroup", "name=\"system.webServer\"", |file| {
                for at in 0..sections {
                    let allow = "allowDefinition=\"AppHostOnly\" overrideModeDefault=\"Deny\"";
                    file.line(&format!("<section name=\"section{at}\" {allow} />"));
                }
            });
        });
    }

    fn hosting(&mut self, applications: usize) {
        self.element("applicationPools", "", |file| {
            for at in 0..6 {
                let runtime = "autoStart=\"true\" managedRuntimeVersion=\"v4.0\"";
                file.line(&format!("<add name=\"Pool{at}\" {runtime} managedPipelineMode=\"Integrated\" />"));
            }
        });
        self.element("sites", "", |file| {
            for (id, site) in LOCATIONS.iter().enumerate() {
                file.element(
                    "site",
                    &format!("name=\"{site}\" id=\"{}\" serverAutoStart=\"true\"", id + 34577),
                    |file| {
                        file.application("/");
                        for at in (0..applications).filter(|at| at % 2 == id) {
                            file.application(&format!("/Application{:02}", at / 2));
                        }
                        file.element("bindings", "", |file| {
                            let port = if id == 0 { 443 } else { 4443 };
                            let information = format!("bindingInformation=\"*:{port}:{NAME}\"");
                            file.line(&format!("<binding protocol=\"https\" {information} sslFlags=\"0\" />"));
                        });
                    },
                );
            }
        });
    }

    fn application(&mut self, path: &str) {
        self.element("application", &format!("path=\"{path}\" applicationPool=\"Pool0\""), |file| {
            file.line("<virtualDirectory path=\"/\" physicalPath=\"C:\\Web\" />");
        });
    }

    fn global(&mut self, size: Size) {
        let modules = if size == Size::Real { 60 } else { 6 };
        self.element("globalModules", "", |file| {
            for at in 0..modules {
                let image = format!("image=\"%windir%\\System32\\inetsrv\\module{at}.dll\"");
                file.line(&format!("<add name=\"Module{at}\" {image} />"));
            }
        });
        self.authentication(&["Negotiate", "NTLM"], "enabled=\"false\"");
        if size == Size::Real {
            self.element("staticContent", "lockAttributes=\"isDocFooterFileName\"", |file| {
                for at in 0..370 {
                    file.line(&format!("<mimeMap fileExtension=\".ext{at}\" mimeType=\"application/x-type{at}\" />"));
                }
            });
        }
    }

    fn authentication(&mut self, providers: &[&str], attributes: &str) {
        self.element("security", "", |file| {
            file.element("authentication", "", |file| {
                file.line("<anonymousAuthentication enabled=\"true\" userName=\"IUSR\" />");
                file.element("windowsAuthentication", attributes, |file| {
                    file.element("providers", "", |file| {
                        file.line("<clear />");
                        for name in providers {
                            file.line(&format!("<add value=\"{name}\" />"));
                        }
                    });
                });
            });
        });
    }

    fn location(&mut self, path: &str, state: Option<State>, handlers: usize) {
        self.element("location", &format!("path=\"{path}\" overrideMode=\"Allow\""), |file| {
            file.element("system.webServer", "", |file| {
                let settings = "enabled=\"true\" useKernelMode=\"false\" useAppPoolCredentials=\"false\"";
                match state {
                    Some(State::Changed) => {
                        file.authentication(&["NTLM", "Negotiate"], &settings.replace("Mode=\"false", "Mode=\"true"));
                    }
                    Some(State::Unchanged) | None => file.authentication(&["Negotiate", "NTLM"], settings),
                }
                file.element("handlers", "accessPolicy=\"Read, Execute, Script\"", |file| {
                    for at in 0..handlers {
                        let what = format!("path=\"*.handler{at}\" verb=\"GET,HEAD,POST\"");
                        file.line(&format!("<add name=\"Handler{at}\" {what} type=\"Web.Handler{at}\" />"));
                    }
                });
            });
        });
    }
}

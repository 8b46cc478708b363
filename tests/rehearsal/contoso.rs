//! The deployment that most tests of apply are about.

/// Two sites with one account; a Front End pool of three with an overridden FQDN, a Director, a Standard Edition server.
pub(crate) const CONTOSO: &str = r"
version: 1
product: sfb-2019
accounts:
  - { name: CONTOSO\kerbauth, container: 'CN=Users,DC=contoso,DC=com', encryption: [aes256] }
sites:
  - name: Redmond
    account: CONTOSO\kerbauth
    pools:
      - fqdn: pool01.contoso.com
        role: front-end
        webServices: { internalFqdn: webint.contoso.com }
        servers: [fe01.contoso.com, fe02.contoso.com, fe03.contoso.com]
      - { fqdn: dir01.contoso.com, role: director, servers: [dir01.contoso.com] }
  - name: Dublin
    account: CONTOSO\kerbauth
    pools:
      - { fqdn: se01.contoso.com, role: standard-edition }
iis:
  - location: Skype for Business Server Internal Web Site
    windowsAuthentication: { enabled: true, useKernelMode: false, providers: [Negotiate, NTLM] }
";

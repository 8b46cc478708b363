//! What changes in a published topology document while a lab plays.

use crate::model::{PoolFqdn, ServerFqdn};
use crate::snapshot::place::Fault;
use crate::snapshot::xml_edit::{Fragment, Span, apply, root};

/// The document with another signature: it was published anew.
pub(in crate::snapshot) fn sign(text: &str, signature: &str) -> Result<String, Fault> {
    let root = root(text)?;
    // Topology Builder keeps it within.
    let partial = child(&root, "NewTopology").and_then(|new| child(new, "PartialTopology"));
    Ok(apply(text, vec![partial.unwrap_or(&root).set_attribute("Signature", signature)]))
}

fn child<'s>(element: &'s Span, name: &str) -> Option<&'s Span> {
    element.children.iter().find(|child| local(child) == name)
}

/// The element's name without its prefix.
fn local(element: &Span) -> &str {
    element.name.rsplit(':').next().unwrap_or_default()
}

/// The document with one more machine in that pool's cluster.
pub(in crate::snapshot) fn add_machine(text: &str, pool: &PoolFqdn, server: &ServerFqdn) -> Result<String, Fault> {
    let root = root(text)?;
    let is = |element: &&Span, name: &str| local(element) == name;
    let clusters = root.children.iter().filter(|child| is(child, "Clusters")).flat_map(|clusters| &clusters.children);
    let named = |cluster: &&Span| {
        cluster.attribute("Fqdn").and_then(|fqdn| fqdn.parse::<PoolFqdn>().ok()).is_some_and(|fqdn| fqdn == *pool)
    };
    let Some(cluster) = clusters.filter(|child| is(child, "Cluster")).find(named) else {
        return Err(Fault::new(root.whole.start, format!("the published topology has no pool {pool}")));
    };
    let prefix = cluster.name.strip_suffix("Cluster").unwrap_or_default();
    let machine = || Fragment::new(&format!("{prefix}Machine")).attribute("Fqdn", server.as_str());
    let edit = match cluster.children.iter().rfind(|child| is(child, "Machine")) {
        Some(last) => last.append(text, &[machine()]),
        None => cluster.insert(text, &[machine()]),
    };
    Ok(apply(text, vec![edit]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<t:Topology xmlns:t='urn:x' Signature='1'>\n <t:Clusters>\n  <t:Cluster Fqdn='P.contoso.com'>\n   \
                        <t:Machine Fqdn='a.contoso.com'/>\n  </t:Cluster>\n </t:Clusters>\n</t:Topology>\n";

    #[test]
    fn a_publication_moves_the_signature_only() {
        assert_eq!(sign(TEXT, "2").unwrap(), TEXT.replace("'1'", "'2'"));
        let builder =
            "<b:TopologyBuilder><b:NewTopology><PartialTopology Signature='1'/></b:NewTopology></b:TopologyBuilder>";
        assert_eq!(sign(builder, "2").unwrap(), builder.replace("'1'", "'2'"));
    }

    #[test]
    fn a_machine_is_added_behind_the_last_one() {
        let edited = add_machine(TEXT, &"p.contoso.com".parse().unwrap(), &"b.contoso.com".parse().unwrap()).unwrap();
        let line = "\n   <t:Machine Fqdn='a.contoso.com'/>";
        assert_eq!(edited, TEXT.replace(line, &format!("{line}\n   <t:Machine Fqdn=\"b.contoso.com\" />")));
        assert!(add_machine(TEXT, &"q.contoso.com".parse().unwrap(), &"b.contoso.com".parse().unwrap()).is_err());
    }
}

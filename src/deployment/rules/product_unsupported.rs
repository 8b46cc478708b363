//! A product is out of support.
//!
//! Lync Server 2010 and 2013 are long out of support; Skype for Business Server 2015 and 2019 ended on 2025-10-14
//! (Microsoft's lifecycle pages). [doc]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::Product;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let pools = subject.pools().filter_map(|(_, pool)| pool.product.as_ref());
    for declared in subject.document.product.iter().chain(pools) {
        let product = Product::from(**declared);
        let since = match product {
            Product::SfbSe => continue,
            Product::Lync2010 | Product::Lync2013 => "",
            Product::Sfb2015 | Product::Sfb2019 => " since 2025-10-14",
        };
        let message = format!("{} is out of support{since}", product.title());
        let hint = "where that is known, say so: `allow: [{ code: product-unsupported, reason: \"...\" }]`";
        found.push(Diagnostic::new(Code::ProductUnsupported, declared.at(), message).hint(hint));
    }
}

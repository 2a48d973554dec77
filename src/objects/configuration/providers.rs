//! Providers: what `provider` blocks declare, and which of them a name means.
//!
//! A name is looked up where it is written, then in the module that calls this one: under the name that `providers` of the call
//! gives it, or, for the one without an alias, under its own.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::Configuration;
use super::attributes::reference;
use super::builder::Builder;
use super::declare::Declaration;
use super::declare::Declarer;
use super::declare::ModuleId;
use super::declare::is_name;
use super::declare::unknown_type;
use super::frames::Frame;
use super::instance::ModuleInstance;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::did_you_mean;
use crate::lang::Scope as _;
use crate::lang::Value;
use crate::lang::ast::Attribute;
use crate::lang::ast::Block;
use crate::lang::ast::ExprKind;
use crate::lang::module::ModuleCall;
use crate::lang::module::ProviderName;
use crate::objects::address::Address;
use crate::objects::kind::Kind;
use crate::objects::registry;
use crate::objects::schema::AttributeSchema;

/// The provider that objects use which name none.
const AWS: &str = "aws";

/// What other objects have, and providers have not.
const META: [&str; 4] = ["for_each", "count", "depends_on", "lifecycle"];

/// What is wrong with a provider was told where it is written.
struct Told;

impl<'m> Declarer<'m> {
    /// Declares a `provider` block.
    pub(super) fn provider(&mut self, block: &'m Block) {
        let Some(object_type) = self.labels(block, Kind::Provider) else {
            return;
        };
        self.check_provider_meta(block);
        if let Some(call) = self.repeated {
            let detail = "A module with `provider` blocks of its own is called once, without `for_each` and `count`: its objects would lose their provider together with the call. Write the block in the module that calls it, and pass it: `providers = { aws = aws.west }`.";
            self.diagnostics.push(
                Diagnostic::error("Provider in a repeated module", detail)
                    .at(block.span)
                    .label(call, "called several times here"),
            );
        }
        let Ok(alias) = self.alias(block) else {
            return;
        };
        let id = self.declarations.list.len();
        let name: Arc<str> = match &alias {
            Some(alias) => format!("{}.{alias}", object_type.name).into(),
            None => object_type.name.into(),
        };
        let names = &mut self.declarations.modules[self.current].top;
        if let Some(first) = names.get(&(Kind::Provider, name.clone())) {
            let detail = match &alias {
                Some(alias) => format!(
                    "There is another provider with the alias `{alias}`. Rename or remove one of the two."
                ),
                None => format!(
                    "There is another provider `{name}` without an alias. Give one of the two an `alias`, or remove it."
                ),
            };
            let mut diagnostic = Diagnostic::error("Duplicate name", detail).at(block.span);
            if let Some(first) = self.declarations.list[*first].block {
                diagnostic = diagnostic.label(first.span, "first declared here");
            }
            self.diagnostics.push(diagnostic);
            return;
        }
        names.insert((Kind::Provider, name), id);
        self.declarations.list.push(Declaration {
            module: self.current,
            object_type,
            name: object_type.name.into(),
            alias,
            block: Some(block),
            pipeline: None,
            owner: None,
            nested: Vec::new(),
            lifecycle: None,
            damaged: self.is_damaged(block),
        });
    }

    /// The `alias` of a block, which is read before anything is evaluated. `Err`: it is none, which was reported.
    fn alias(&mut self, block: &Block) -> Result<Option<Arc<str>>, ()> {
        let Some(attribute) = written(block, "alias") else {
            return Ok(None);
        };
        match &attribute.expr.kind {
            ExprKind::Value(Value::String(alias)) if is_name(alias) => Ok(Some(alias.clone())),
            _ => {
                let detail = "An alias is a name in quotes, without expressions, e.g. `\"west\"`: it starts with a letter or underscore and goes on with letters, digits, underscores and dashes.";
                let place = attribute.expr.span;
                self.diagnostics
                    .push(Diagnostic::error("Invalid alias", detail).at(place));
                Err(())
            }
        }
    }

    fn check_provider_meta(&mut self, block: &Block) {
        let attributes = block
            .body
            .attributes
            .iter()
            .map(|attribute| &attribute.name);
        let blocks = block.body.blocks.iter().map(|block| &block.kind);
        for name in attributes.chain(blocks) {
            if META.contains(&&*name.text) {
                let detail = format!(
                    "A `provider` block has no `{}`: it is one provider, which others name.",
                    name.text
                );
                self.diagnostics
                    .push(Diagnostic::error("Misplaced meta-argument", detail).at(name.span));
            }
        }
    }

    /// Checks the names that `providers` of a call gives to providers in the module.
    pub(super) fn check_provider_names(&mut self, call: &ModuleCall, child: ModuleId) {
        for (name, passed) in &call.providers {
            let provider_type = name.split('.').next().unwrap_or_default();
            if registry::find(Kind::Provider, provider_type).is_none() {
                self.diagnostics
                    .push(unknown_type(Kind::Provider, provider_type, passed.inside));
                continue;
            }
            let own = self.declarations.modules[child]
                .top
                .get(&(Kind::Provider, name.clone()));
            if let Some(own) = own {
                let detail = format!(
                    "The module `{}` declares its provider `{name}` itself, so that none can be passed for it. Remove one of the two.",
                    call.name.text
                );
                let mut diagnostic =
                    Diagnostic::error("Provider given twice", detail).at(passed.inside);
                if let Some(block) = self.declarations.list[*own].block {
                    diagnostic = diagnostic.label(block.span, "declared here");
                }
                self.diagnostics.push(diagnostic);
            }
        }
    }
}

impl<'m> Builder<'m> {
    /// The value of the attribute that names a provider: a reference to it.
    pub(super) fn provider_value(
        &self,
        frame: &Rc<Frame<'m>>,
        schema: &AttributeSchema,
    ) -> Option<Value> {
        let Some(attribute) = self.written(frame, schema.name) else {
            let damaged = self.declaration(frame.id).damaged;
            return if damaged {
                None
            } else {
                self.implied_provider(frame)
            };
        };
        let scope = ModuleScope::object(self, frame.clone());
        let Some(name) = ProviderName::of(&attribute.expr) else {
            if let ExprKind::Value(Value::Null(_)) = attribute.expr.kind {
                return self.implied_provider(frame);
            }
            let detail = "`provider` takes the name of a provider, without quotes: `aws`, or `aws.west` for one with an alias.";
            scope.report(Diagnostic::error("Invalid provider", detail).at(attribute.expr.span));
            return None;
        };
        match self.find_provider(&frame.module, &name) {
            Ok(provider) => Some(reference(Kind::Provider, &provider.address)),
            Err(diagnostic) => {
                if let Some(diagnostic) = diagnostic {
                    scope.report(*diagnostic);
                }
                None
            }
        }
    }

    /// The provider of an object that names none: that of the object it is nested in, else that of its pipeline, where it is not
    /// said again; else the one without an alias, if there is one. Kept with the object, so that a plan shows what its runs use.
    fn implied_provider(&self, frame: &Rc<Frame<'m>>) -> Option<Value> {
        let declaration = self.declaration(frame.id);
        if let Some(owner) = declaration.owner {
            let schema = self.declaration(owner).object_type.attribute("provider");
            let owner = self.frame(owner, &frame.module, frame.pipeline.as_ref(), &frame.own);
            let said = schema.map(|schema| self.attribute_value(&owner, schema));
            match said {
                Some(Some(value)) if value != Value::NULL => return Some(value),
                Some(None) => return None,
                _ => {}
            }
        }
        let inside =
            declaration.pipeline.is_some() && declaration.object_type.kind != Kind::Pipeline;
        if inside {
            return Some(Value::NULL);
        }
        let name: Arc<str> = Arc::from(AWS);
        match self.visible_provider(&frame.module, &name) {
            Ok(Some(provider)) => Some(reference(Kind::Provider, &provider.address)),
            Ok(None) => Some(Value::NULL),
            Err(_) => None,
        }
    }

    /// Checks what the calls in a module pass as providers.
    pub(super) fn check_passed_providers(&self, module: &Rc<ModuleInstance<'m>>) {
        let declared = &self.declarations.modules[module.id];
        let calls = declared.module.calls.values();
        for name in calls.flat_map(|call| call.providers.values()) {
            if let Err(Some(diagnostic)) = self.find_provider(module, name) {
                ModuleScope::module(self, module).report(*diagnostic);
            }
        }
    }

    /// The provider that a name means in a module. The error is nothing where it was passed to the module: the place where it
    /// was passed is told.
    fn find_provider(
        &self,
        module: &Rc<ModuleInstance<'m>>,
        wanted: &ProviderName,
    ) -> Result<Rc<Frame<'m>>, Option<Box<Diagnostic>>> {
        match self.visible_provider(module, &wanted.name) {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(Some(Box::new(self.unknown_provider(module, wanted)))),
            Err(Told) => Err(None),
        }
    }

    /// The provider that a name means in a module, if it means one.
    fn visible_provider(
        &self,
        module: &Rc<ModuleInstance<'m>>,
        wanted: &Arc<str>,
    ) -> Result<Option<Rc<Frame<'m>>>, Told> {
        let mut name = wanted;
        let mut at = module;
        let mut passed = false;
        loop {
            let top = &self.declarations.modules[at.id].top;
            if let Some(id) = top.get(&(Kind::Provider, name.clone())) {
                let found = self.frames(*id, at).into_iter().next();
                return found.map(Some).ok_or(Told);
            }
            let Some(caller) = &at.caller else {
                break;
            };
            match caller.call.providers.get(name) {
                Some(outer) => {
                    passed = true;
                    name = &outer.name;
                }
                None if name.contains('.') => break,
                None => {}
            }
            at = &caller.module;
        }
        if passed { Err(Told) } else { Ok(None) }
    }

    fn unknown_provider(&self, module: &ModuleInstance<'m>, wanted: &ProviderName) -> Diagnostic {
        const SUMMARY: &str = "Unknown provider";
        let (provider_type, alias) = match wanted.name.split_once('.') {
            Some((provider_type, alias)) => (provider_type, Some(alias)),
            None => (&*wanted.name, None),
        };
        if registry::find(Kind::Provider, provider_type).is_none() {
            return unknown_type(Kind::Provider, provider_type, wanted.span);
        }
        let Some(alias) = alias else {
            let place = if module.is_root() {
                "in this module"
            } else {
                "in this module or in those that call it"
            };
            let detail = format!(
                "There is no `provider \"{provider_type}\"` block without `alias` {place}."
            );
            return Diagnostic::error(SUMMARY, detail)
                .at(wanted.span)
                .if_absent(provider_type)
                .help(format!(
                    "Write one at the top level of the root module: `provider \"{provider_type}\" {{}}` takes all from the environment."
                ));
        };
        let passed = module.caller.as_ref().map(|caller| caller.call);
        let own = self.declarations.modules[module.id].top.keys();
        let own = own.filter_map(|(kind, name)| (*kind == Kind::Provider).then_some(&**name));
        let names = own.chain(
            passed
                .iter()
                .flat_map(|call| call.providers.keys())
                .map(AsRef::as_ref),
        );
        let similar = did_you_mean(&wanted.name, names);
        let mut detail = format!(
            "No `provider \"{provider_type}\"` block of this module has the alias `{alias}`"
        );
        let Some(call) = passed else {
            detail.push('.');
            return Diagnostic::error(SUMMARY, detail)
                .at(wanted.span)
                .if_absent(alias)
                .help_if(similar);
        };
        detail.push_str(", and the call of the module passes none of that name.");
        let pass = format!(
            "Pass one: `providers = {{ {} = {provider_type} }}`.",
            wanted.name
        );
        Diagnostic::error(SUMMARY, detail)
            .at(wanted.span)
            .if_absent(alias)
            .if_whole(call.place)
            .label(call.span, "the module is called here")
            .help(similar.unwrap_or(pass))
    }
}

/// Leaves out the providers of called modules that no object uses. Those of the root module stay.
pub(super) fn drop_unused(configuration: &mut Configuration) {
    let values = configuration
        .objects
        .values()
        .flat_map(|object| object.attributes.values());
    let used: BTreeSet<Address> = values
        .filter_map(|value| match value {
            Value::Ref(reference) if &*reference.kind == Kind::Provider.as_str() => {
                Some(Address::new(reference.address.clone()))
            }
            _ => None,
        })
        .collect();
    let places = &mut configuration.places;
    configuration.objects.retain(|address, object| {
        let stays =
            object.kind() != Kind::Provider || address.module().is_none() || used.contains(address);
        if !stays {
            places.remove(address);
        }
        stays
    });
}

fn written<'b>(block: &'b Block, name: &str) -> Option<&'b Attribute> {
    let mut attributes = block.body.attributes.iter();
    attributes.find(|attribute| &*attribute.name.text == name)
}

#[cfg(test)]
mod tests {
    use super::Address;
    use crate::objects::configuration::tests::configured;

    const CHILD: &str =
        "pipeline \"p\" {\n  provider = aws\n}\npipeline \"q\" {\n  provider = aws.x\n}\n";

    /// Which provider each pipeline has.
    fn providers(files: &[(&str, &str)]) -> Vec<String> {
        let (configuration, findings) = configured(files);
        assert!(findings.is_empty(), "{findings:#?}");
        let objects = configuration.objects.values();
        objects
            .filter_map(|object| {
                let provider = object.reference("provider")?;
                assert!(configuration.objects.contains_key(&provider));
                Some(format!("{} {provider}", object.address))
            })
            .collect()
    }

    #[test]
    fn a_name_is_followed_to_the_block_it_means() {
        let root = "provider \"aws\" {}\nprovider \"aws\" {\n  alias = \"w\"\n}\n";
        for (call, child, [p, q]) in [
            ("{ aws.x = aws }", CHILD, ["provider.aws", "provider.aws"]),
            (
                "{ aws = aws.w, \"aws.x\" = aws.w }",
                CHILD,
                ["provider.aws[\"w\"]", "provider.aws[\"w\"]"],
            ),
            (
                "{ aws.x = aws.w }",
                &format!("provider \"aws\" {{}}\n{CHILD}"),
                ["module.m.provider.aws", "provider.aws[\"w\"]"],
            ),
        ] {
            let caller =
                format!("{root}module \"m\" {{\n  source = \"m\"\n  providers = {call}\n}}\n");
            let expected = [
                format!("module.m.pipeline.p {p}"),
                format!("module.m.pipeline.q {q}"),
            ];
            assert_eq!(
                providers(&[(".", &caller), ("m", child)]),
                expected,
                "{call}"
            );
        }
    }

    #[test]
    fn what_names_none_uses_the_one_without_an_alias() {
        let shared = "data_node \"s3\" \"d\" {\n  path = \"s3://b/k\"\n}\n";
        let inside = "pipeline \"p\" {\n  provider = null\n  data_node \"s3\" \"e\" {\n    path = \"s3://b/l\"\n  }\n}\n";
        let nested = "data_node \"s3\" \"f\" {\n  provider = aws.w\n  path = \"s3://b/m\"\n  precondition \"s3_key_exists\" {\n    s3_key = \"s3://b/done\"\n  }\n}\n";
        let root = format!(
            "provider \"aws\" {{}}\nprovider \"aws\" {{\n  alias = \"w\"\n}}\n{shared}{nested}module \"m\" {{\n  source = \"m\"\n}}\n"
        );
        assert_eq!(
            providers(&[(".", &root), ("m", &format!("{shared}{inside}"))]),
            [
                "data_node.d provider.aws",
                "data_node.f provider.aws[\"w\"]",
                "data_node.f.precondition.s3_key_exists provider.aws[\"w\"]",
                "module.m.data_node.d provider.aws",
                "module.m.pipeline.p provider.aws",
            ]
        );
        let nothing: [&str; 0] = [];
        assert_eq!(providers(&[(".", shared)]), nothing);
    }

    #[test]
    fn only_the_root_module_keeps_what_nobody_uses() {
        let block = "provider \"aws\" {\n  alias = \"w\"\n}\n";
        let caller = format!("{block}module \"m\" {{\n  source = \"m\"\n}}\n");
        let (configuration, findings) = configured(&[(".", &caller), ("m", block)]);
        assert!(findings.is_empty(), "{findings:#?}");
        let addresses: Vec<_> = configuration.objects.keys().map(Address::as_str).collect();
        assert_eq!(addresses, ["provider.aws[\"w\"]"]);
        assert_eq!(configuration.places.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_said_once_and_where_it_is() {
        let call = "module \"m\" {\n  source = \"m\"\n  count = 2\n  providers = { aws.x = aws.gone }\n}\n";
        let (_, findings) = configured(&[(".", call), ("m", CHILD)]);
        let found: Vec<_> = findings
            .iter()
            .map(|finding| (finding.span.unwrap().file.0, finding.detail.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (
                    0,
                    "No `provider \"aws\"` block of this module has the alias `gone`."
                ),
                (
                    1,
                    "There is no `provider \"aws\"` block without `alias` in this module or in those that call it."
                ),
            ]
        );
    }
}

//! What a plan leads to: what a root module describes, or nothing.
//!
//! A configuration may depend on what was applied (`ignore_changes`), and where that is now on the configuration (`moved`).
//! Both are settled here.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::errors::Failure;
use super::root_module::RootModule;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Objects;
use crate::objects::configuration::Configuration;
use crate::plan::Change;
use crate::plan::Reason;
use crate::plan::Relocation;

/// What is to be.
pub(crate) struct Target {
    /// The objects and outputs.
    pub(super) configuration: Configuration,
    /// The texts that findings point into.
    pub(super) sources: Sources,
    /// How many runs may be back-filled, if the module says so.
    pub(super) max_runs: Option<u64>,
    /// What there is to say about it that was not said yet.
    pub(super) warnings: Diagnostics,
    /// Objects that are only forgotten, whatever `removed` blocks say.
    pub(super) forgotten: BTreeSet<Address>,
    /// What it was made of.
    pub(super) origin: Origin,
}

/// What a target was made of, besides the texts of its files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// Whether a configuration says what is to be. Otherwise it is somebody who asked for it: with `--destroy`, `--rollback`.
    pub(super) is_configured: bool,
    /// The values of the variables.
    pub(super) variables: BTreeMap<Arc<str>, Value>,
    /// Those of them that are sensitive.
    pub(super) sensitive: BTreeSet<Arc<str>>,
    /// What functions have read: the digests of files by their paths from the root module.
    pub(super) read: BTreeMap<PathBuf, String>,
    /// The files of values, among the texts.
    pub(super) value_files: Vec<FileId>,
}

impl Origin {
    /// Takes out of changes why something goes that is not in the configuration, where that says nothing about it.
    pub(super) fn explain(&self, changes: &mut [Change]) {
        if self.is_configured {
            return;
        }
        for change in changes {
            let reason = change.reason.as_ref();
            if !matches!(reason, Some(Reason::Forgotten | Reason::TypeChanged { .. })) {
                change.reason = None;
            }
        }
    }
}

impl Target {
    /// What a root module describes.
    pub(crate) fn module(module: RootModule) -> Self {
        Self {
            configuration: module.configuration,
            sources: module.sources,
            max_runs: module.settings.max_runs_per_apply,
            warnings: module.diagnostics,
            forgotten: BTreeSet::new(),
            origin: Origin {
                is_configured: true,
                variables: module.variables,
                sensitive: module.sensitive,
                read: module.read,
                value_files: module.value_files,
            },
        }
    }

    /// What is made of the state, without a configuration.
    pub(crate) fn state(configuration: Configuration) -> Self {
        Self {
            configuration,
            ..Self::nothing()
        }
    }

    /// Nothing: for `destroy`.
    pub(crate) fn nothing() -> Self {
        Self {
            configuration: Configuration::default(),
            sources: Sources::default(),
            max_runs: None,
            warnings: Diagnostics::new(),
            forgotten: BTreeSet::new(),
            origin: Origin::default(),
        }
    }

    /// Makes a target for what was applied, and finds which objects of the state go on under another address.
    pub(super) fn settle(
        make: impl Fn(&Objects) -> Result<Self, Failure>,
        prior: &Objects,
    ) -> Result<(Self, Relocation), Failure> {
        let target = make(prior)?;
        let relocation = target.relocation(prior);
        if relocation.is_empty() || !target.configuration.ignores {
            return Ok((target, relocation));
        }
        // What is ignored must be looked for at the new addresses.
        let target = make(&relocation.objects(prior.clone()))?;
        let relocation = target.relocation(prior);
        Ok((target, relocation))
    }

    fn relocation(&self, prior: &Objects) -> Relocation {
        let Configuration {
            objects,
            statements,
            ..
        } = &self.configuration;
        Relocation::find(&statements.moves, prior, objects)
    }
}

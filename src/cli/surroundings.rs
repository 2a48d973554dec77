//! What a runner on this machine has around it: directories, variables, and what it reads secrets from.

use std::ffi::OsStr;

use super::context::Context;
use crate::runtime::Options;
use crate::runtime::Until;
use crate::runtime::Variables;

/// The variables of the environment that commands get besides their own.
const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// What a runner here has around it, without what is to be run: it would start nothing.
pub(crate) fn surroundings(context: &Context) -> Options {
    Options {
        at: None,
        until: Until::Idle,
        parallelism: 0,
        directory: context.directory.clone(),
        logs: context.logs(),
        staging: context.staging(),
        environment: INHERITED
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), context.environment.get(name)?.to_owned())))
            .collect(),
        variables: {
            let environment = context.environment.clone();
            Variables::new(move |name| environment.raw(name).map(OsStr::to_owned))
        },
    }
}

//! The credentials of a session as variables of an environment, for programs that reach AWS themselves.

use std::collections::BTreeMap;
use std::path::Path;

use aws_credential_types::provider::ProvideCredentials as _;

use super::AwsError;
use super::Service;
use super::Session;

/// Credentials, with what else a program needs to reach AWS as a session does.
pub struct Credentials {
    variables: BTreeMap<String, String>,
    hidden: Vec<String>,
}

impl Credentials {
    /// The variables, by name.
    pub fn variables(&self) -> BTreeMap<String, String> {
        self.variables.clone()
    }

    /// What nobody must see of them.
    pub fn hidden(&self) -> Vec<String> {
        self.hidden.clone()
    }
}

impl Session {
    /// The credentials that the session has now. Those of a role end after some time.
    pub async fn credentials(&self) -> Result<Credentials, AwsError> {
        let none = || AwsError::NoCredentials("none are configured".to_owned());
        let provider = self.config().credentials_provider().ok_or_else(none)?;
        let found = provider.provide_credentials().await;
        let found = found.map_err(|error| {
            let of_role = super::error::of_role(&error);
            of_role.unwrap_or_else(|| AwsError::NoCredentials(super::error::why(&error)))
        })?;
        let mut variables = BTreeMap::new();
        let mut set = |name: &str, value: &str| variables.insert(name.to_owned(), value.to_owned());
        set("AWS_ACCESS_KEY_ID", found.access_key_id());
        set("AWS_SECRET_ACCESS_KEY", found.secret_access_key());
        set("AWS_REGION", self.region());
        set("AWS_DEFAULT_REGION", self.region());
        if let Some(token) = found.session_token() {
            set("AWS_SESSION_TOKEN", token);
        }
        if let Some(url) = self.config().endpoint_url() {
            set("AWS_ENDPOINT_URL", url);
        }
        for service in Service::ALL {
            if let Some(url) = self.endpoint_of(service) {
                let name = service.id().to_uppercase().replace(' ', "_");
                set(&format!("AWS_ENDPOINT_URL_{name}"), &url);
            }
        }
        // A program may run in another directory.
        let bundle = self.ca_bundle().map(std::path::absolute);
        if let Some(path) = bundle
            .and_then(Result::ok)
            .as_deref()
            .and_then(Path::to_str)
        {
            set("AWS_CA_BUNDLE", path);
        }
        let token = found.session_token().map(str::to_owned);
        Ok(Credentials {
            variables,
            hidden: [Some(found.secret_access_key().to_owned()), token]
                .into_iter()
                .flatten()
                .collect(),
        })
    }
}

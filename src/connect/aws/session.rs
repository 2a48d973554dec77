//! How AWS is reached: sessions, made when they are first asked for and shared by all that say the same.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::Region;
use aws_config::SdkConfig;
use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use aws_sdk_datapipeline::config::IdentityCache;
use aws_sdk_datapipeline::config::SharedHttpClient;
use aws_types::origin::Origin;
use aws_types::service_config::ServiceConfigKey;
use tokio::sync::OnceCell;

use super::AwsError;
use super::Settings;
use super::error::WithoutRole;
use super::profiles::Profiles;
use super::s3::Calls;
use super::settings::AssumeRole;
use super::settings::Service;
use super::transport;
use crate::connect::s3::Endpoint;
use crate::connect::s3::OnTrouble;

/// How often a call is made at most that is throttled or fails on the way. The rates of AWS's older services are low.
const ATTEMPTS: u32 = 6;

/// The longest pause between two of them.
const PAUSE: Duration = Duration::from_secs(5);

/// How long it may take until a connection is there.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a call may wait for its answer, once. S3 sends and gets more than fits into that: it has limits of its own.
const ANSWER: Duration = Duration::from_secs(30);

/// What a session of a role is called if nobody says otherwise.
const SESSION_NAME: &str = "pipeform";

/// What the environment says about AWS that the SDK does not read by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `AWS_CA_BUNDLE`: a file of certificates that are trusted instead of the system's.
    pub ca_bundle: Option<PathBuf>,
    /// `AWS_MAX_ATTEMPTS`: how often a call is made at most.
    pub max_attempts: Option<u32>,
    /// Where profiles are, and which one is meant.
    pub(super) profiles: Profiles,
}

impl Environment {
    /// Reads variables, which are looked up by name. One without a value is as if it were not there.
    pub fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let attempts = set("AWS_MAX_ATTEMPTS");
        let attempts = attempts.and_then(|text| text.to_str()?.trim().parse().ok());
        Self {
            ca_bundle: set("AWS_CA_BUNDLE").map(PathBuf::from),
            max_attempts: attempts.filter(|attempts| *attempts > 0),
            profiles: Profiles::read(set),
        }
    }
}

/// Sessions by their settings. A clone shares them; nothing is read, resolved or connected before the first is asked for.
#[derive(Clone, Debug, Default)]
pub struct Sessions(Arc<Shared>, Option<OnTrouble>);

#[derive(Debug, Default)]
struct Shared {
    environment: Environment,
    sessions: Mutex<BTreeMap<Settings, Arc<OnceCell<Session>>>>,
    /// One pool of connections for all that trust the same certificates.
    connections: Mutex<BTreeMap<Option<PathBuf>, SharedHttpClient>>,
}

impl Sessions {
    /// No sessions yet; this is what the environment says.
    pub fn new(environment: Environment) -> Self {
        let shared = Shared {
            environment,
            ..Shared::default()
        };
        Self(Arc::new(shared), None)
    }

    /// The same sessions for who is told when S3 does not answer.
    #[must_use]
    pub fn telling(&self, on_trouble: OnTrouble) -> Self {
        Self(Arc::clone(&self.0), Some(on_trouble))
    }

    /// Who is told when S3 does not answer.
    pub fn on_trouble(&self) -> Option<OnTrouble> {
        self.1.clone()
    }

    /// The session for some settings. One that could not be opened is tried again when it is asked for again.
    pub async fn session(&self, settings: &Settings) -> Result<Session, AwsError> {
        let cell = {
            let sessions = self.0.sessions.lock();
            let mut sessions = sessions.unwrap_or_else(PoisonError::into_inner);
            Arc::clone(sessions.entry(settings.clone()).or_default())
        };
        let opened = cell.get_or_try_init(|| self.open(settings)).await;
        opened.cloned()
    }

    /// Finds region and endpoints. Credentials are asked for with the first call, so that what is wrong with them is said then.
    async fn open(&self, settings: &Settings) -> Result<Session, AwsError> {
        check(settings)?;
        let environment = &self.0.environment;
        environment.profiles.check(settings.profile.as_deref())?;
        let retries = RetryConfig::standard()
            .with_max_attempts(environment.max_attempts.unwrap_or(ATTEMPTS))
            .with_max_backoff(PAUSE);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .read_timeout(ANSWER)
            .build();
        let connections = self.connections(settings)?;
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .retry_config(retries)
            .timeout_config(timeouts)
            .identity_cache(IdentityCache::lazy().build())
            .http_client(connections.clone());
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &settings.profile {
            let credentials = of_profile(profile, settings, connections).await;
            loader = loader
                .profile_name(profile)
                .credentials_provider(credentials);
        }
        if let Some(url) = &settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        let region = config.region().ok_or(AwsError::NoRegion)?.to_string();
        let mut session = Session(Arc::new(Opened {
            config,
            region,
            endpoints: settings.endpoints.clone(),
            max_attempts: environment.max_attempts,
            ca_bundle: self.ca_bundle(settings),
            s3: OnceLock::new(),
        }));
        for role in &settings.assume_role {
            session = session.assuming(role).await;
        }
        Ok(session)
    }

    /// The file of certificates that are trusted with some settings, if it is not the system's.
    fn ca_bundle(&self, settings: &Settings) -> Option<PathBuf> {
        let bundle = settings.ca_bundle.as_ref();
        bundle.or(self.0.environment.ca_bundle.as_ref()).cloned()
    }

    /// The connections that are used with some settings.
    fn connections(&self, settings: &Settings) -> Result<SharedHttpClient, AwsError> {
        let bundle = self.ca_bundle(settings);
        let mut connections = self
            .0
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = connections.get(&bundle) {
            return Ok(known.clone());
        }
        let made = transport::client(bundle.as_deref())?;
        connections.insert(bundle, made.clone());
        Ok(made)
    }
}

/// The credentials of a profile that is asked for by name: what the environment says does not go before them, as it does not for
/// `aws --profile`.
async fn of_profile(
    profile: &str,
    settings: &Settings,
    connections: SharedHttpClient,
) -> ProfileFileCredentialsProvider {
    let region = if let Some(region) = &settings.region {
        Some(Region::new(region.clone()))
    } else {
        let chain = DefaultRegionChain::builder().profile_name(profile).build();
        chain.region().await
    };
    let config = ProviderConfig::without_region()
        .with_region(region)
        .with_http_client(connections);
    ProfileFileCredentialsProvider::builder()
        .configure(&config)
        .profile_name(profile)
        .build()
}

/// Refuses addresses that are none, where the SDK would say nothing that helps.
fn check(settings: &Settings) -> Result<(), AwsError> {
    let urls = settings
        .endpoint_url
        .iter()
        .chain(settings.endpoints.values());
    let mut urls = urls.filter(|url| {
        let rest = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"));
        rest.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace))
    });
    urls.next()
        .map_or(Ok(()), |url| Err(AwsError::Endpoint(url.clone())))
}

/// How AWS is reached. A clone is the same session, with the same connections.
#[derive(Clone, Debug)]
pub struct Session(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    config: SdkConfig,
    region: String,
    endpoints: BTreeMap<Service, String>,
    /// How often a call is made at most, if that is said.
    max_attempts: Option<u32>,
    ca_bundle: Option<PathBuf>,
    s3: OnceLock<Endpoint>,
}

impl Session {
    /// The region.
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The file of certificates that are trusted instead of the system's.
    pub(super) fn ca_bundle(&self) -> Option<&Path> {
        self.0.ca_bundle.as_deref()
    }

    /// What clients of services are made of that have no address of their own.
    pub(super) fn config(&self) -> &SdkConfig {
        &self.0.config
    }

    /// What the client of a service is made of: with its own address, if it has one.
    pub(super) fn config_of(&self, service: Service) -> SdkConfig {
        let config = &self.0.config;
        let Some(url) = self.0.endpoints.get(&service) else {
            return config.clone();
        };
        let mut builder = config.clone().into_builder();
        builder.set_endpoint_url(Some(url.clone()));
        // Else what the environment says of the service would go before it.
        builder.insert_origin("endpoint_url", Origin::shared_config());
        builder.build()
    }

    /// S3, whose connections and limits all share. At an address that is not AWS's own, buckets are part of the path.
    pub fn s3(&self) -> Endpoint {
        let make = || {
            let elsewhere = self.endpoint_of(Service::S3).is_some();
            let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).build();
            let config = aws_sdk_s3::config::Builder::from(&self.config_of(Service::S3))
                .timeout_config(timeouts)
                .force_path_style(elsewhere)
                .build();
            let calls = Calls::new(&aws_sdk_s3::Client::from_conf(config));
            Endpoint::new(calls).trying(self.0.max_attempts)
        };
        self.0.s3.get_or_init(make).clone()
    }

    /// The address of S3, if it is not AWS's own.
    pub fn s3_address(&self) -> Option<String> {
        self.endpoint_of(Service::S3)
    }

    /// The address of a service that is not AWS's own: what the settings, the environment or the profile say.
    pub(super) fn endpoint_of(&self, service: Service) -> Option<String> {
        let config = &self.0.config;
        let own = self.0.endpoints.get(&service);
        if own.is_some() {
            return own.cloned();
        }
        let general = config.endpoint_url().map(str::to_owned);
        if config.get_origin("endpoint_url").is_client_config() {
            return general;
        }
        let key = ServiceConfigKey::builder()
            .service_id(service.id())
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok();
        let said = key.and_then(|key| config.service_config()?.load_config(key));
        said.or(general)
    }

    /// The same session with the credentials of a role, which are asked for when they are needed and again before they end.
    async fn assuming(self, role: &AssumeRole) -> Self {
        let name = role.session_name.as_deref().unwrap_or(SESSION_NAME);
        let mut provider = AssumeRoleProvider::builder(&role.role_arn)
            .session_name(name)
            .configure(&self.config_of(Service::Sts));
        if let Some(id) = &role.external_id {
            provider = provider.external_id(id);
        }
        let provider = OfRole {
            role: role.role_arn.clone(),
            provider: provider.build().await,
        };
        let mut builder = self.0.config.clone().into_builder();
        builder.set_credentials_provider(Some(SharedCredentialsProvider::new(provider)));
        builder.set_identity_cache(Some(IdentityCache::lazy().build()));
        Self(Arc::new(Opened {
            config: builder.build(),
            region: self.0.region.clone(),
            endpoints: self.0.endpoints.clone(),
            max_attempts: self.0.max_attempts,
            ca_bundle: self.0.ca_bundle.clone(),
            s3: OnceLock::new(),
        }))
    }
}

/// The credentials of a role. What goes wrong with them names it.
#[derive(Debug)]
struct OfRole {
    role: String,
    provider: AssumeRoleProvider,
}

impl ProvideCredentials for OfRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            let found = self.provider.provide_credentials().await;
            found.map_err(|source| {
                let role = self.role.clone();
                CredentialsError::provider_error(WithoutRole { role, source })
            })
        })
    }
}

#[cfg(test)]
impl Sessions {
    /// Sessions of a test: `DynamoDB`, EMR and STS by some settings are a stand-in at an address, whatever the environment says, and no
    /// call is made again by the SDK where nothing else is said with it.
    pub(crate) async fn standing_in(settings: &Settings, url: &str) -> Self {
        let credentials =
            aws_credential_types::Credentials::new("test", "test", None, None, "test");
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .retry_config(RetryConfig::disabled())
            .http_client(transport::client(None).unwrap())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .load()
            .await;
        let session = Session(Arc::new(Opened {
            config,
            region: "us-east-1".to_owned(),
            endpoints: [Service::DynamoDb, Service::Emr, Service::Sts]
                .map(|service| (service, url.to_owned()))
                .into(),
            max_attempts: None,
            ca_bundle: None,
            s3: OnceLock::new(),
        }));
        let sessions = Self::default();
        let opened = Arc::new(OnceCell::new_with(Some(session)));
        let mut known = sessions.0.sessions.lock().unwrap();
        known.insert(settings.clone(), opened);
        drop(known);
        sessions
    }
}

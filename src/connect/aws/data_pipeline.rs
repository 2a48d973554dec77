//! AWS Data Pipeline: the pipelines of an account, and what each is.

use aws_sdk_datapipeline::Client;
use aws_sdk_datapipeline::types::Field;
use aws_sdk_datapipeline::types::PipelineDescription;
use serde_json::Value;
use serde_json::json;

use super::AwsError;
use super::Session;

/// How many pipelines may be described in one call.
const DESCRIBED_AT_ONCE: usize = 25;

/// Answers that say that there is no such pipeline, or no longer.
const MISSING: [&str; 2] = ["PipelineNotFoundException", "PipelineDeletedException"];

/// The pipelines of an account in a region.
#[derive(Clone, Debug)]
pub struct Pipelines {
    client: Client,
}

/// What a pipeline is besides its definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Its id: `df-0937003356ZJEXAMPLE`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for, if that is said.
    pub description: Option<String>,
    /// Its state: `PENDING`, `SCHEDULED`, `INACTIVE`, `FINISHED`, …
    pub state: Option<String>,
    /// Its tags, in the order of the service.
    pub tags: Vec<(String, String)>,
}

impl Pipelines {
    /// Those that a session reaches.
    pub fn new(session: &Session) -> Self {
        let client = Client::new(session.config());
        Self { client }
    }

    /// The ids of all, in the order of the service.
    pub async fn ids(&self) -> Result<Vec<String>, AwsError> {
        let mut ids = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let page = self.client.list_pipelines().set_marker(marker.clone());
            let page = page.send().await;
            let page = page.map_err(|error| AwsError::of_call(&error, &MISSING))?;
            let found = page.pipeline_id_list().iter();
            ids.extend(found.map(|found| found.id().unwrap_or_default().to_owned()));
            // The last page says that there is no more, and may have a marker all the same; one that stays would lead in a circle.
            let next = page.marker().filter(|_| page.has_more_results());
            match next {
                Some(next) if marker.as_deref() != Some(next) => marker = Some(next.to_owned()),
                _ => return Ok(ids),
            }
        }
    }

    /// Describes pipelines. One that cannot be described is an error in its place.
    pub async fn describe(&self, ids: &[String]) -> Vec<Result<Description, AwsError>> {
        let mut found = Vec::new();
        for some in ids.chunks(DESCRIBED_AT_ONCE) {
            match self.describe_at_once(some).await {
                Ok(described) => found.extend(described.into_iter().map(Ok)),
                // One that is gone spoils the call for all.
                Err(_) if some.len() > 1 => {
                    for id in some {
                        let one = self.describe_at_once(std::slice::from_ref(id)).await;
                        found.push(
                            one.and_then(|one| one.into_iter().next().ok_or_else(|| missing(id))),
                        );
                    }
                }
                Err(error) => found.push(Err(error)),
            }
        }
        found
    }

    /// Describes pipelines in one call, in the order of the ids.
    async fn describe_at_once(&self, ids: &[String]) -> Result<Vec<Description>, AwsError> {
        let call = self.client.describe_pipelines();
        let answer = call.set_pipeline_ids(Some(ids.to_vec())).send().await;
        let answer = answer.map_err(|error| AwsError::of_call(&error, &MISSING))?;
        let mut described = answer.pipeline_description_list().iter().map(description);
        let all: Vec<Description> = described.by_ref().collect();
        ids.iter()
            .map(|id| {
                let one = all.iter().find(|one| one.id == *id);
                one.cloned().ok_or_else(|| missing(id))
            })
            .collect()
    }

    /// The definition that a pipeline was given last, as JSON in the form of the API.
    pub async fn definition(&self, id: &str) -> Result<Value, AwsError> {
        let call = self.client.get_pipeline_definition();
        let answer = call.pipeline_id(id).version("latest").send().await;
        let answer = answer.map_err(|error| AwsError::of_call(&error, &MISSING))?;
        let objects = answer.pipeline_objects().iter().map(|object| {
            let fields: Vec<Value> = object.fields().iter().map(field).collect();
            json!({ "id": object.id(), "name": object.name(), "fields": fields })
        });
        let parameters = answer.parameter_objects().iter().map(|parameter| {
            let attributes = parameter.attributes().iter();
            let attributes = attributes.map(|attribute| {
                json!({ "key": attribute.key(), "stringValue": attribute.string_value() })
            });
            json!({ "id": parameter.id(), "attributes": attributes.collect::<Vec<_>>() })
        });
        let values = answer.parameter_values().iter();
        let values =
            values.map(|value| json!({ "id": value.id(), "stringValue": value.string_value() }));
        Ok(json!({
            "pipelineObjects": objects.collect::<Vec<_>>(),
            "parameterObjects": parameters.collect::<Vec<_>>(),
            "parameterValues": values.collect::<Vec<_>>(),
        }))
    }
}

fn missing(id: &str) -> AwsError {
    AwsError::NotFound(format!("There is no pipeline `{id}`"))
}

fn field(field: &Field) -> Value {
    match (field.ref_value(), field.string_value()) {
        (Some(to), _) => json!({ "key": field.key(), "refValue": to }),
        (None, text) => json!({ "key": field.key(), "stringValue": text.unwrap_or_default() }),
    }
}

fn description(of: &PipelineDescription) -> Description {
    let fields = of.fields().iter();
    let text = |key: &str| {
        let mut fields = fields.clone().filter(|field| field.key() == key);
        fields.find_map(|field| field.string_value().map(str::to_owned))
    };
    let tags = of.tags().iter();
    let described = of.description().map(str::to_owned);
    Description {
        id: of.pipeline_id().to_owned(),
        name: of.name().to_owned(),
        description: described
            .or_else(|| text("description"))
            .filter(|text| !text.trim().is_empty()),
        state: text("@pipelineState"),
        tags: tags
            .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
            .collect(),
    }
}

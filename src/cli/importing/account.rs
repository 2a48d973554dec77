//! Pipelines of a live account. Their definitions are read as texts in the form of the API, so that findings have a place in what
//! the service gave.

use serde_json::Value;

use super::Gathered;
use crate::cli::errors::Failure;
use crate::connect::aws::AwsError;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::data_pipeline::Description;
use crate::connect::aws::data_pipeline::Pipelines;
use crate::diag::Diagnostic;
use crate::import::definition;
use crate::import::expression::Template;

/// States of pipelines that make no runs.
const NOT_ACTIVE: [&str; 3] = ["PENDING", "INACTIVE", "DEACTIVATING"];

/// Which pipelines of an account are wanted.
#[derive(Debug)]
pub(in crate::cli) enum Wanted {
    /// Those with these ids.
    Ids(Vec<String>),
    /// All.
    All,
}

/// Reads pipelines of an account. Of one that cannot be read the error is kept, and the others are read.
pub(in crate::cli) fn read(wanted: Wanted, settings: &Settings) -> Result<Gathered, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::message(format!("The network cannot be used: {error}")))?;
    let gathered = runtime.block_on(gather(wanted, settings));
    gathered.map_err(|error| {
        let error = match (error, &settings.profile) {
            (AwsError::NoCredentials(_), Some(profile)) => AwsError::NoCredentials(format!(
                "the profile `{profile}` is not in `~/.aws`, or has none"
            )),
            (error, _) => error,
        };
        Failure::message(sentence(&error))
    })
}

async fn gather(wanted: Wanted, settings: &Settings) -> Result<Gathered, AwsError> {
    let session = Sessions::default().session(settings).await?;
    let pipelines = Pipelines::new(&session);
    let ids = match wanted {
        Wanted::Ids(ids) => ids,
        Wanted::All => {
            let ids = pipelines.ids().await?;
            if ids.is_empty() {
                return Err(AwsError::NotFound(format!(
                    "There is no pipeline in the region `{}` that these credentials may see",
                    session.region()
                )));
            }
            ids
        }
    };
    let mut gathered = Gathered {
        asked: ids.len(),
        ..Gathered::default()
    };
    let mut described = pipelines.describe(&ids).await;
    // What stops one stops all: it is said once.
    if described
        .iter()
        .all(|found| found.as_ref().is_err_and(is_about_the_account))
        && let Some(Err(error)) = described.pop()
    {
        return Err(error);
    }
    for (id, described) in ids.iter().zip(described) {
        let read = match described {
            Ok(described) => one(&pipelines, described, &mut gathered).await,
            Err(error) => Err(error),
        };
        if let Err(error) = read {
            gathered.found.push(not_read(id, &error));
        }
    }
    Ok(gathered)
}

/// Whether an error is about how AWS is reached, and not about one pipeline.
const fn is_about_the_account(error: &AwsError) -> bool {
    !matches!(error, AwsError::NotFound(_) | AwsError::Service(_))
}

/// Reads one pipeline.
async fn one(
    pipelines: &Pipelines,
    described: Description,
    gathered: &mut Gathered,
) -> Result<(), AwsError> {
    let answer = pipelines.definition(&described.id).await?;
    let text = laid_out(&answer);
    let file = gathered.sources.add(described.id.as_str(), text.as_str());
    let (definitions, found) = definition::read(file, &text);
    for mut definition in definitions {
        let mut found = found.clone();
        if definition.objects.is_empty() {
            found.push(empty(&described));
        }
        let state = described.state.as_deref();
        definition.active = state.map(|state| !NOT_ACTIVE.contains(&state));
        definition.id = Some(described.id.clone());
        definition.name = Some(described.name.clone());
        let description = described.description.as_deref();
        definition.description = description.map(Template::plain);
        let tags = described.tags.iter();
        let tags = tags.map(|(key, value)| (key.clone(), Template::plain(value)));
        definition.tags = tags.collect();
        gathered.pipelines.push((definition, found));
    }
    Ok(())
}

fn empty(described: &Description) -> Diagnostic {
    let detail = format!(
        "`{}` (`{}`) has no definition. It becomes a pipeline without objects.",
        described.name, described.id
    );
    Diagnostic::warning("Empty pipeline", detail)
}

fn not_read(id: &str, error: &AwsError) -> Diagnostic {
    let detail = format!("`{id}` is not imported. {}", sentence(error));
    Diagnostic::error("Pipeline not imported", detail)
}

fn sentence(error: &AwsError) -> String {
    let text = error.to_string();
    let mut signs = text.trim_end_matches('.').chars();
    let first = signs.next().into_iter().flat_map(char::to_uppercase);
    first.chain(signs).chain(['.']).collect()
}

/// JSON to be read by people: what holds no other list or map stands on one line.
fn laid_out(value: &Value) -> String {
    let mut text = String::new();
    lay_out(value, 0, &mut text);
    text.push('\n');
    text
}

fn lay_out(value: &Value, depth: usize, text: &mut String) {
    let inner: Vec<(Option<&str>, &Value)> = match value {
        Value::Array(list) => list.iter().map(|one| (None, one)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, one)| (Some(key.as_str()), one))
            .collect(),
        scalar => {
            text.push_str(&scalar.to_string());
            return;
        }
    };
    let [open, close] = if value.is_array() {
        ["[", "]"]
    } else {
        ["{", "}"]
    };
    let flat = inner
        .iter()
        .all(|(_, one)| !one.is_array() && !one.is_object());
    text.push_str(open);
    for (number, (key, one)) in inner.iter().enumerate() {
        if number > 0 {
            text.push_str(if flat { ", " } else { "," });
        }
        if !flat {
            text.push('\n');
            text.push_str(&"  ".repeat(depth + 1));
        }
        if let Some(key) = key {
            text.extend([&Value::from(*key).to_string(), ": "]);
        }
        lay_out(one, depth + 1, text);
    }
    if !flat {
        text.push('\n');
        text.push_str(&"  ".repeat(depth));
    }
    text.push_str(close);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_definition_is_laid_out_with_a_field_a_line() {
        let value = json!({"pipelineObjects": [{"id": "A", "fields": [{"key": "x", "stringValue": "a\"\n"}, {}]}], "parameterObjects": []});
        let expected = r#"{
  "pipelineObjects": [
    {
      "id": "A",
      "fields": [
        {"key": "x", "stringValue": "a\"\n"},
        {}
      ]
    }
  ],
  "parameterObjects": []
}
"#;
        assert_eq!(laid_out(&value), expected);
        assert_eq!(serde_json::from_str::<Value>(expected).unwrap(), value);
    }

    #[test]
    fn an_error_is_a_sentence() {
        assert_eq!(
            sentence(&AwsError::Service("it is closed.".to_owned())),
            "AWS answers: it is closed."
        );
    }
}

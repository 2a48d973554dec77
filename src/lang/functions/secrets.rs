//! `secret`: where a secret is kept, resolved when an attempt runs.

use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use super::text;
use crate::lang::secret::FUNCTION;
use crate::lang::secret::SecretSource;
use crate::lang::value::Value;

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[Function {
    name: FUNCTION,
    parameters: &[Parameter::string("source")],
    variadic: None,
    doc: "Returns the secret that `env://NAME`, `file://PATH`, `ssm://NAME` (a parameter of AWS Systems Manager) or `secretsmanager://NAME` (a secret of AWS Secrets Manager) holds. It may stand in attributes that keep it from being seen, such as `environment`.",
    purity: Purity::Secret,
    body: secret,
}];

fn secret(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let source = SecretSource::parse(text(arguments, 0)?)
        .map_err(|error| CallError::at(0, error.to_string()))?;
    let Some(secrets) = call.secrets else {
        return Err(CallError::undecidable());
    };
    secrets
        .resolve(&source)
        .map(|value| Value::string(value).mark(true))
        .map_err(|reason| CallError::at(0, reason))
}

/// Checks the argument of a call that cannot be made, because it is deferred.
pub(crate) fn check_deferred(argument: &Value) -> Result<(), CallError> {
    match argument {
        Value::Deferred(expr) => {
            SecretSource::check_deferred(expr).map_err(|error| CallError::at(0, error.to_string()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::lang::Budget;
    use crate::lang::Evaluator;
    use crate::lang::Phase;
    use crate::lang::Secrets;
    use crate::lang::Value;
    use crate::lang::functions::Call;
    use crate::lang::print;
    use crate::lang::secret::SecretSource;
    use crate::lang::test_support::TestScope;
    use crate::lang::test_support::parsed;
    use crate::lang::test_support::with_call;

    fn scope() -> TestScope {
        TestScope::new("{ l = [\"A\", \"B\"] }", &["run"])
    }

    #[test]
    fn a_secret_stays_whatever_is_made_of_it() {
        for (text, residual) in [
            ("secret(\"env://A\")", "secret(\"env://A\")"),
            ("secret(\"file://a/b\")", "secret(\"file://a/b\")"),
            ("secret(\"ssm:///a/b:3\")", "secret(\"ssm:///a/b:3\")"),
            (
                "secret(\"secretsmanager://${run.pipeline}/db#password\")",
                "secret(\"secretsmanager://${run.pipeline}/db#password\")",
            ),
            ("upper(secret(\"env://A\"))", "upper(secret(\"env://A\"))"),
            (
                "\"x${secret(\"env://${l[0]}\")}\"",
                "\"x${secret(\"env://A\")}\"",
            ),
            ("nonsensitive(secret(\"env://A\"))", "secret(\"env://A\")"),
            ("sensitive(secret(\"env://A\"))", "secret(\"env://A\")"),
            ("issensitive(secret(\"env://A\"))", "true"),
            (
                "{ for k in l : k => secret(\"env://${k}\") }",
                "{ A = secret(\"env://A\"), B = secret(\"env://B\") }",
            ),
            (
                "secret(\"env://${run.pipeline}_PW\")",
                "secret(\"env://${run.pipeline}_PW\")",
            ),
            ("length([secret(\"env://A\")])", "1"),
            (
                "try(secret(\"env://A\"), \"none\")",
                "try(secret(\"env://A\"), \"none\")",
            ),
        ] {
            assert_eq!(scope().shown(text), residual, "{text}");
            let value = scope().evaluate(
                text,
                Phase::Plan {
                    defer_impure: false,
                },
            );
            let value = value.unwrap_or_else(|| panic!("{text}"));
            assert_eq!(value.has_secret(), residual.contains("secret("), "{text}");
        }
    }

    #[test]
    fn places_that_cannot_be_read_are_mistakes_of_the_plan() {
        for (text, reason) in [
            ("secret(\"A\")", "it must be said where"),
            ("secret(\"env:A\")", "it must be said where"),
            ("secret(\"evn://A\")", "Did you mean `env`?"),
            ("secret(\"https://a\")", "There are `env://NAME`"),
            ("secret(\"sms://a\")", "Did you mean `ssm`?"),
            ("secret(\"ssm://\")", "a name must follow"),
            ("secret(\"ssm://a b\")", "has no spaces"),
            ("secret(\"ssm://a#\")", "a key of the JSON object"),
            ("secret(\"ssm://a?stage=x\")", "of signs only"),
            ("secret(\"secretsmanager://a?b\")", "which version"),
            ("secret(\"secretsmanager://a?stage=#k\")", "which version"),
            ("secret(\"env://\")", "no name of a variable"),
            ("secret(\"env://A B\")", "no name of a variable"),
            ("secret(\"file://\")", "a path of a file"),
            ("secret(\"file://~/a\")", "not read as a home directory"),
            ("secret(run.id)", "must begin with `env://`"),
            ("secret(\"${run.id}://a\")", "must begin with `env://`"),
            ("secret([\"env://A\"])", "takes a string"),
            ("secret(null)", "not null"),
        ] {
            let shown = scope().shown(text);
            assert!(shown.contains(reason), "{text}: {shown}");
        }
    }

    #[test]
    fn what_is_concealed_shows_its_secrets_as_expressions() {
        for (text, printed) in [
            ("sensitive(\"a\")", "(sensitive value)"),
            (
                "sensitive({ user = \"a\", password = secret(\"env://A\") })",
                "{ password = secret(\"env://A\"), user = (sensitive value) }",
            ),
            (
                "[sensitive(secret(\"env://A\")), sensitive(\"x\")]",
                "[secret(\"env://A\"), (sensitive value)]",
            ),
        ] {
            assert_eq!(scope().shown(text), printed, "{text}");
        }
    }

    struct Known;

    impl Secrets for Known {
        fn resolve(&self, source: &SecretSource) -> Result<String, String> {
            match source {
                SecretSource::Variable(name) if name == "A" => Ok("hush".to_owned()),
                _ => Err("there is none".to_owned()),
            }
        }
    }

    #[test]
    fn a_resolved_secret_is_sensitive() {
        for (text, wanted) in [
            ("secret(\"env://A\")", "(sensitive value)"),
            ("upper(nonsensitive(secret(\"env://A\")))", "\"HUSH\""),
            ("\"x${secret(\"env://A\")}\"", "(sensitive value)"),
            ("try(secret(\"env://B\"), \"none\")", "\"none\""),
        ] {
            let scope = scope();
            let budget = Budget::default();
            let value = with_call(|call| {
                let call = Call {
                    secrets: Some(&Known),
                    ..*call
                };
                Evaluator::new(&scope, &call, &budget, Phase::Run).evaluate(&parsed(text))
            });
            assert_eq!(
                value.as_ref().map(print::value).as_deref(),
                Some(wanted),
                "{text}"
            );
        }
        let scope = scope();
        let budget = Budget::default();
        let value = with_call(|call| {
            let call = Call {
                secrets: Some(&Known),
                ..*call
            };
            Evaluator::new(&scope, &call, &budget, Phase::Run)
                .evaluate(&parsed("nonsensitive(secret(\"env://A\"))"))
        });
        assert_eq!(value, Some(Value::string("hush")));
    }
}

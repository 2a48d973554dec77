use super::*;
use crate::diag::Severity;

fn findings(found: &Diagnostics) -> Vec<String> {
    found
        .iter()
        .map(|found| {
            let severity = match found.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let at = found.span.map_or(0, |span| span.start);
            format!("{severity} at {at}: {}", found.detail)
        })
        .collect()
}

fn only(text: &str) -> Definition {
    let (mut definitions, found) = read(FileId(0), text);
    assert!(!found.has_errors(), "{:?}", findings(&found));
    assert_eq!(definitions.len(), 1);
    definitions.remove(0)
}

/// The fields of all objects, as `id.key = text` or `id.key -> id`, and the parameters and values.
fn listed(definition: &Definition) -> Vec<String> {
    let mut lines = Vec::new();
    for object in &definition.objects {
        let name = object.name.as_deref().unwrap_or(&object.id);
        lines.push(format!("{} {name:?}", object.id));
        lines.extend(object.fields.iter().map(|field| match &field.value {
            FieldValue::Text(text) => format!("{}.{} = {text}", object.id, field.key),
            FieldValue::Reference(to) => format!("{}.{} -> {to}", object.id, field.key),
        }));
    }
    for parameter in &definition.parameters {
        let attributes = parameter.attributes.iter();
        let attributes: Vec<_> = attributes
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        lines.push(format!("{}: {}", parameter.id, attributes.join(" ")));
    }
    for (id, values) in &definition.values {
        lines.push(format!("{id} := {}", values.join(" | ")));
    }
    lines
}

const EXPECTED: [&str; 9] = [
    "Default \"Default\"",
    "Default.scheduleType = cron",
    "In \"Logs\"",
    "In.type = S3DataNode",
    "In.filePath = s3://#{myBucket}/x",
    "In.precondition -> A",
    "In.precondition -> B",
    "myBucket: type=String allowedValues=a allowedValues=b",
    "myBucket := a",
];

#[test]
fn the_format_of_the_console_is_read_with_what_people_put_into_it() {
    let definition = only(
        r#"// the logs
        {"objects": [
            {"id": "Default", "scheduleType": "cron", /* none */},
            {"id": "In", "name": "Logs", "type": "S3DataNode", "filePath": "s3://#{myBucket}/x",
             "precondition": [{"ref": "A"}, {"ref": "B"}]},
        ],
        "parameters": [{"id": "myBucket", "type": "String", "allowedValues": ["a", "b"]}],
        "values": {"myBucket": "a"}}"#,
    );
    assert_eq!(listed(&definition), EXPECTED);
}

#[test]
fn the_format_of_the_api_is_read() {
    let definition = only(
        r#"{"pipelineObjects": [
            {"id": "Default", "name": "Default", "fields": [{"key": "scheduleType", "stringValue": "cron"}]},
            {"id": "In", "name": "Logs", "fields": [
                {"key": "type", "stringValue": "S3DataNode"},
                {"key": "filePath", "stringValue": "s3://#{myBucket}/x"},
                {"key": "precondition", "refValue": "A"}, {"key": "precondition", "refValue": "B"}]}],
        "parameterObjects": [{"id": "myBucket", "attributes": [
            {"key": "type", "stringValue": "String"},
            {"key": "allowedValues", "stringValue": "a"}, {"key": "allowedValues", "stringValue": "b"}]}],
        "parameterValues": [{"id": "myBucket", "stringValue": "a"}]}"#,
    );
    assert_eq!(listed(&definition), EXPECTED);
}

#[test]
fn what_terraform_shows_is_read_in_modules_too() {
    let definition = only(
        r#"{"format_version": "1.0", "values": {"root_module": {"child_modules": [{"resources": [
            {"type": "aws_datapipeline_pipeline", "name": "p", "values": {"id": "df-1", "name": "weblogs", "description": "Logs"}},
            {"type": "aws_datapipeline_pipeline_definition", "name": "d", "values": {"pipeline_id": "df-1",
                "pipeline_object": [
                    {"id": "Default", "name": "Default", "field": [{"key": "scheduleType", "string_value": "cron", "ref_value": ""}]},
                    {"id": "In", "name": "Logs", "field": [
                        {"key": "type", "string_value": "S3DataNode", "ref_value": null},
                        {"key": "filePath", "string_value": "s3://#{myBucket}/x"},
                        {"key": "precondition", "string_value": "", "ref_value": "A"},
                        {"key": "precondition", "ref_value": "B"}]}],
                "parameter_object": [{"id": "myBucket", "attribute": [
                    {"key": "type", "string_value": "String"},
                    {"key": "allowedValues", "string_value": "a"}, {"key": "allowedValues", "string_value": "b"}]}],
                "parameter_value": [{"id": "myBucket", "string_value": "a"}]}}]}]}}}"#,
    );
    assert_eq!(listed(&definition), EXPECTED);
    assert_eq!(definition.name.as_deref(), Some("weblogs"));
    assert_eq!(definition.description, Some(Template::plain("Logs")));
}

#[test]
fn templates_of_cloudformation_are_read_as_yaml() {
    let text = "\
# Gr\u{fc}\u{df}e
Parameters:
  Bucket: {Type: String, Default: logs, Description: Where}
  Secret: {Type: String, NoEcho: true}
Resources:
  Other: {Type: AWS::S3::Bucket}
  Weblogs:
    Type: AWS::DataPipeline::Pipeline
    Properties:
      Name: !Sub '${Bucket}-x'
      Description: all of it
      PipelineObjects:
        - Id: In
          Name: In
          Fields:
            - {Key: filePath, StringValue: !Sub 's3://${Bucket}/${!x}/#{format(@scheduledStartTime,\"YYYY\")}'}
            - {Key: '*password', StringValue: !Ref Secret}
            - Key: topic
              StringValue: !Join ['', ['arn:', !Ref 'AWS::Region', !GetAtt Topic.Arn]]
            - {Key: precondition, RefValue: A}
";
    let (definitions, found) = read(FileId(0), text);
    assert_eq!(
        listed(&definitions[0]),
        [
            "In \"In\"",
            "In.filePath = s3://#{myBucket}/${x}/#{format(@scheduledStartTime,\"YYYY\")}",
            "In.*password = #{*mySecret}",
            "In.topic = arn:#{myAwsRegion}#{myTopicArn}",
            "In.precondition -> A",
            "myBucket: description=Where default=logs",
            "*mySecret: ",
            "myAwsRegion: description=What CloudFormation gives for AWS::Region.",
            "myTopicArn: description=What CloudFormation gives for Fn::GetAtt of Topic.Arn.",
        ]
    );
    assert_eq!(definitions[0].name.as_deref(), Some("logs-x"));
    assert_eq!(
        definitions[0].description,
        Some(Template::plain("all of it"))
    );
    let findings = findings(&found);
    assert_eq!(findings.len(), 3, "{findings:?}");
    let at = text.find("!Ref 'AWS").expect("it is there");
    assert!(
        findings[0].contains("`AWS::Region` is known only when AWS builds the stack"),
        "{findings:?}, {at}"
    );
}

#[test]
fn mistakes_are_found_all_at_once_and_where_they_are() {
    let text = r#"{"objects": [{"id": "A", "x": 5, "y": {"reff": "B"}}, {"id": "A", "id": "A", "z": null}, {"name": "none"}, 3], "extra": 1}"#;
    let (_, found) = read(FileId(0), text);
    let at = |part: &str| text.find(part).expect("it is there");
    assert_eq!(
        findings(&found),
        [
            format!(
                "warning at {}: This is a number; it is taken for the text that is written here, because AWS Data Pipeline has texts only.",
                at("5")
            ),
            format!(
                "error at {}: `y` must be a text, a list, or a reference such as `{{\"ref\": \"Id\"}}`, and is a map.",
                at("{\"reff")
            ),
            format!(
                "warning at {}: `id` is there twice; this one counts, as it does for AWS's command line.",
                at("\"id\": \"A\", \"z\"")
            ),
            format!(
                "error at {}: `z` must be a text or a reference, and is null.",
                at("null")
            ),
            format!(
                "error at {}: This object has no `id`. The service refuses it, too; add it.",
                at("{\"name")
            ),
            format!(
                "error at {}: An object must be a map of fields, and is a number.",
                at("3]")
            ),
            format!(
                "warning at {}: `extra` is nothing that a definition has; it is passed over, as AWS does.",
                at("\"extra\"")
            ),
            format!(
                "error at {}: There is another object with the id `A`. Ids are unique in a definition; give one of the two another.",
                at("{\"id\": \"A\", \"id\"")
            ),
        ]
    );
}

#[test]
fn what_is_no_definition_is_refused() {
    for (text, expected) in [
        ("", "There is nothing in this file."),
        ("{", "This is not JSON"),
        ("{\"a\": 1}", "This file is none of what is read here"),
        ("a: [", "This is not YAML that is read here"),
        ("[]", "This file is none of what is read here"),
        (
            "{\"objects\": {}}",
            "`objects` must be a list, and is a map.",
        ),
        (
            "{\"format_version\": \"1.0\"}",
            "There is no resource `aws_datapipeline_pipeline_definition` in it.",
        ),
        (
            "Resources: {A: {Type: AWS::S3::Bucket}}",
            "There is no resource of the type",
        ),
        (&"[".repeat(100_000), "This is not JSON"),
    ] {
        let (_, found) = read(FileId(0), text);
        let findings = findings(&found);
        assert!(
            findings.len() == 1 && findings[0].contains(expected),
            "{findings:?}"
        );
    }
}

const COMPUTED: &str = "\
Parameters:
  Env: {Type: String, Default: prod}
  Tags: {Type: CommaDelimitedList, Default: 'a, b'}
  myTable: {Type: String, Default: orders}
  Ami: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /ami}
Mappings: {Sizes: {prod: {Type: m3.large}, dev: {Type: t2.small}}}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsDev: !Not [!Condition IsProd]
Resources:
  P:
    Type: AWS::DataPipeline::Pipeline
    Properties:
      Name: !Sub '${Env}-x'
      Description: !Join [' ', [Of, !Ref Env, !Ref 'AWS::Region']]
      Activate: false
      PipelineTags: [{Key: env, Value: !Ref Env}]
      ParameterObjects:
        - {Id: myTable, Attributes: [{Key: type, StringValue: String}]}
        - {Id: myBucket, Attributes: [{Key: type, StringValue: String}]}
      ParameterValues:
        - {Id: myTable, StringValue: !Ref myTable}
        - {Id: myBucket, StringValue: !Sub 's3://${Env}/x'}
      PipelineObjects:
        - Id: A
          Name: A
          Fields:
            - {Key: size, StringValue: !FindInMap [Sizes, !Ref Env, Type]}
            - {Key: fixed, StringValue: !FindInMap [Sizes, dev, Type]}
            - {Key: base, StringValue: !Base64 hello}
            - {Key: first, StringValue: !Select [0, !Split ['-', a-b]]}
            - {Key: list, StringValue: !Ref Tags}
            - {Key: joined, StringValue: !Join ['+', !Ref Tags]}
            - {Key: either, StringValue: !If [IsProd, big, small]}
            - {Key: image, StringValue: !Ref Ami}
            - {Key: number, StringValue: 5}
            - !If [IsDev, {Key: dev, StringValue: x}, !Ref 'AWS::NoValue']
            - !If [IsProd, {Key: prod, StringValue: x}, !Ref 'AWS::NoValue']
            - {Key: table, StringValue: '#{myTable}'}
";

#[test]
fn what_a_template_computes_is_computed_from_its_parameters() {
    let (definitions, found) = read(FileId(0), COMPUTED);
    let definition = &definitions[0];
    assert_eq!(
        listed(definition),
        [
            "A \"A\"",
            "A.size = #{mySizesType0}",
            "A.fixed = t2.small",
            "A.base = aGVsbG8=",
            "A.first = a",
            "A.list = #{myTags}",
            "A.joined = #{myJoinRefTags1}",
            "A.either = #{myIfIsProdBigSmall2}",
            "A.image = #{myAmi}",
            "A.number = 5",
            "A.prod = x",
            "A.table = #{myTable}",
            "myTable: type=String default=orders",
            "myBucket: type=String",
            "myEnv: default=prod",
            "myTags: default=a default=b isArray=true",
            "myAmi: description=What CloudFormation gives for the parameter `/ami` of Systems Manager.",
            "myAwsRegion: description=What CloudFormation gives for AWS::Region.",
            "myBucket := s3://prod/x",
        ]
    );
    assert_eq!(definition.name.as_deref(), Some("prod-x"));
    assert_eq!(
        definition
            .description
            .as_ref()
            .map(Template::to_string)
            .as_deref(),
        Some("Of #{myEnv} #{myAwsRegion}")
    );
    assert_eq!(
        definition
            .tags
            .get("env")
            .map(Template::to_string)
            .as_deref(),
        Some("#{myEnv}")
    );
    assert_eq!(definition.active, Some(false));
    let env = || Computed::Parameter("myEnv".to_owned());
    let text = |text: &str| Computed::Text(text.to_owned());
    let is_prod = Computed::Equals(Box::new([env(), text("prod")]));
    let conditions: Vec<_> = definition.stack.conditions.iter().collect();
    assert_eq!(conditions, [(&"IsProd".to_owned(), &is_prod)]);
    let values: Vec<_> = definition.stack.values.values().cloned().collect();
    let size = [env(), text("Type")];
    let tags = Computed::Parameter("myTags".to_owned());
    let holds = Computed::Condition("IsProd".to_owned());
    let expected = [
        Computed::Lookup("Sizes".to_owned(), Box::new(size)),
        Computed::Joined("+".to_owned(), Box::new(tags)),
        Computed::Choice(Box::new([holds, text("big"), text("small")])),
    ];
    assert_eq!(values, expected);
    let warnings = findings(&found);
    assert_eq!(warnings.len(), 6, "{warnings:#?}");
    assert!(!found.has_errors());
}

#[test]
fn aliases_of_yaml_stand_for_their_values_as_long_as_these_are_not_too_many() {
    let text = "\
Resources:
  P:
    Type: AWS::DataPipeline::Pipeline
    Properties:
      PipelineObjects:
        - Id: A
          Name: A
          Fields: &fields
            - {Key: type, StringValue: &kind S3DataNode}
        - {Id: B, Name: *kind, Fields: *fields}
";
    let definition = only(text);
    let expected = [
        "A \"A\"",
        "A.type = S3DataNode",
        "B \"S3DataNode\"",
        "B.type = S3DataNode",
    ];
    assert_eq!(listed(&definition), expected);
    let levels = (1..20).map(|level| {
        let before = format!("*a{}", level - 1);
        format!(
            "a{level}: &a{level} [{}]\n",
            [before.as_str(); 9].join(", ")
        )
    });
    let laughs = format!("a0: &a0 [x]\n{}", levels.collect::<String>());
    for text in [laughs.as_str(), "a: &a [*a]"] {
        let (_, found) = read(FileId(0), text);
        let findings = findings(&found);
        assert!(
            findings.len() == 1 && findings[0].contains("alias"),
            "{findings:?}"
        );
    }
}

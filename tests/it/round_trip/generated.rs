//! Generated definitions: objects of all types, with all fields that their descriptions have.

use pipeform::lang::Number;
use pipeform::objects::AttributeSchema;
use pipeform::objects::AttributeType;
use pipeform::objects::Aws;
use pipeform::objects::BlockSchema;
use pipeform::objects::Default;
use pipeform::objects::Kind;
use pipeform::objects::ObjectType;
use pipeform::objects::registry;
use proptest::prelude::*;
use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

/// Kinds in an order in which each refers to those before it only.
const KINDS: [Kind; 8] = [
    Kind::Action,
    Kind::Schedule,
    Kind::Database,
    Kind::DataFormat,
    Kind::Precondition,
    Kind::DataNode,
    Kind::Resource,
    Kind::Activity,
];

/// Texts without expressions that HCL or JSON could take for something else.
const PLAIN: [&str; 12] = [
    "plain",
    "s3://acme/logs",
    "two words, and a comma",
    "${NAME} and %{if}",
    "a \"quoted\" 'text'",
    "line one\nline two\n",
    "line one\n  indented\nlast",
    "back\\slash",
    "tab\there",
    "$${x} $",
    "# not a comment",
    "\u{fc}n\u{ef}code",
];

/// Texts that read parameters.
const PARAMETERS: [&str; 5] = [
    "#{myText}",
    "s3://#{myText}/x",
    "#{'x' + myText}",
    "#{myNumber + 1} of #{myNumber}",
    "#{myText}#{myText}",
];

/// Texts that need an instance; `@` is where it is.
const TIMES: [&str; 14] = [
    "#{format(@scheduledStartTime, 'YYYY-MM-dd')}",
    "x/#{@scheduledStartTime.format('yyyy/MM/dd')}/y",
    "#{format(minusDays(@scheduledStartTime,1),\"YYYYMMdd'T'HH\")}",
    "#{@scheduledStartTime}",
    "at #{minusHours(@scheduledEndTime, 2 * 3)}.",
    "#{year(@scheduledStartTime) / 2}",
    "#{format(inTimeZone(@scheduledStartTime, 'Europe/Berlin'), 'HH:mm')}",
    "#{firstOfMonth(@scheduledStartTime)} #{sunday(@scheduledStartTime)}",
    "#{format(midnight(plusMonths(@scheduledStartTime, 1)), 'D.KK')}",
    "#{format(minusMinutes(@scheduledStartTime, myNumber), 'hh a')}",
    "#{makeDate(2011, 5, 24)} #{dayOfYear(@scheduledStartTime) * 2}",
    "#{yesterday(@scheduledStartTime)}",
    "#{(hour(@scheduledStartTime) - 1) * 60 + minute(@scheduledStartTime)}",
    "#{format(plusPeriod(@scheduledStartTime, '1 day'), 'E e ww xxxx')}",
];

/// What is chosen, from the bytes of a test case; after the last always the first.
struct Choices<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        let byte = self.bytes.next().copied().unwrap_or(0);
        usize::from(byte) % count.max(1)
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

/// A definition that is being made.
struct Maker<'b> {
    choices: Choices<'b>,
    objects: Vec<Json>,
    /// The objects that can be referred to.
    made: Vec<(Kind, String)>,
    /// One of so many types has an object; `None`: each has some.
    few: Option<usize>,
}

impl Maker<'_> {
    fn whole(mut self) -> String {
        for kind in KINDS {
            let types = registry::TYPES.iter().copied();
            for object_type in types.filter(|it| it.kind == kind && !it.aws.is_empty()) {
                let count = match self.few {
                    None => self.choices.below(3),
                    Some(few) => usize::from(self.choices.one_in(few)),
                };
                for number in 0..count {
                    self.object(object_type, number);
                }
            }
        }
        self.default();
        self.objects
            .push(json!({"id": "Base", "maximumRetries": "5", "attemptTimeout": "3 Hours"}));
        let mut whole = json!({
            "objects": self.objects,
            "parameters": [
                {"id": "myText", "type": "String", "description": "A text"},
                {"id": "myNumber", "type": "Integer", "default": "3"},
                {"id": "myList", "type": "String", "isArray": "true", "default": ["a", "b"]},
                {"id": "*mySecret", "type": "String"},
                {"id": "my_odd_ID", "type": "AWS::S3::ObjectKey", "optional": "true", "helpText": "Odd", "watermark": "w"},
                {"id": "myChoice", "type": "Double", "default": "0.5", "allowedValues": ["0.5", "1"]},
            ],
        });
        if self.choices.one_in(2) {
            whole["values"] = json!({"myText": "given", "myList": ["x", "y", "z"]});
        }
        format!("{whole:#}")
    }

    fn default(&mut self) {
        let Some(pipeline) = registry::find(Kind::Pipeline, "") else {
            return;
        };
        let mut fields = Map::new();
        fields.insert("id".to_owned(), json!("Default"));
        for schema in pipeline.schema() {
            // All is on demand, or nothing.
            if schema.name == "schedule" || self.choices.one_in(3) {
                self.field(pipeline.kind, "Default", schema, &mut fields);
            }
        }
        // What is in no pipeline, and handed on to those that have it.
        if self.choices.one_in(3) {
            fields.insert("region".to_owned(), json!("eu-west-1"));
        }
        self.objects.insert(0, Json::Object(fields));
    }

    fn object(&mut self, object_type: &'static ObjectType, number: usize) {
        let name = format!(
            "{}{}",
            object_type.aws[0],
            if number == 0 { "" } else { "Two" }
        );
        let id = match self.choices.below(4) {
            0 => format!("{name}Id_aB3d{number}"),
            1 => name.to_lowercase(),
            2 => format!("my {name}"),
            _ => name,
        };
        if self.made.iter().any(|(_, known)| *known == id) {
            return;
        }
        let mut fields = Map::new();
        fields.insert("id".to_owned(), json!(id));
        if self.choices.one_in(3) {
            fields.insert("name".to_owned(), json!(format!("The {id}")));
        }
        fields.insert("type".to_owned(), json!(self.choices.of(object_type.aws)));
        let optional = 2 + self.choices.below(5);
        for schema in object_type.schema() {
            let needed = schema.default == Default::Required || schema.name == "every";
            if needed || self.choices.one_in(optional) {
                self.field(object_type.kind, &id, schema, &mut fields);
            }
        }
        if object_type.attribute("max_retries").is_some() && self.choices.one_in(4) {
            fields.insert("parent".to_owned(), json!({"ref": "Base"}));
        }
        if self.choices.one_in(4) {
            fields.insert("myNote".to_owned(), json!(["a", "b"]));
            fields.insert("nobodyKnows".to_owned(), json!("[\"it\"]"));
        }
        if self.choices.one_in(4) {
            fields.insert("myComment".to_owned(), json!("What it is for"));
        }
        self.objects.push(Json::Object(fields));
        self.made.push((object_type.kind, id));
    }

    fn field(
        &mut self,
        kind: Kind,
        id: &str,
        schema: &'static AttributeSchema,
        fields: &mut Map<String, Json>,
    ) {
        let names = schema.aws_fields();
        if names.is_empty() || matches!(schema.name, "aws_id" | "aws_fields") {
            return;
        }
        // A table has its database, and a schedule is what is due.
        if kind == Kind::Schedule && matches!(schema.name, "due" | "end" | "occurrences") {
            return;
        }
        // A path is one of two fields; other names of a field are old ones of the first.
        let count = if schema.name == "path" {
            names.len()
        } else {
            1
        };
        let name = &names[self.choices.below(count)];
        let value = match schema.value {
            AttributeType::Block(block) => self.part(kind, id, schema.name, block, 0),
            AttributeType::Blocks(block) => match schema.aws {
                Aws::Parts(_) => Some(self.listed(kind)),
                _ => self.part(kind, id, schema.name, block, 0),
            },
            _ => self.value(kind, schema),
        };
        if let Some(value) = value {
            fields.insert(name.clone(), value);
        }
    }

    fn reference(&mut self, kind: Kind) -> Option<Json> {
        let known: Vec<&String> = self
            .made
            .iter()
            .filter(|(own, _)| *own == kind)
            .map(|(_, id)| id)
            .collect();
        let id = known.get(self.choices.below(known.len()))?;
        Some(json!({"ref": id}))
    }

    fn value(&mut self, kind: Kind, schema: &AttributeSchema) -> Option<Json> {
        let number = |choices: &mut Choices<'_>, text: String| {
            if choices.one_in(4) {
                "#{myNumber}".to_owned()
            } else {
                text
            }
        };
        Some(match schema.value {
            AttributeType::Ref(of) => self.reference(of)?,
            AttributeType::Refs(of) | AttributeType::NamedRefs(of) => {
                let (first, second) = (self.reference(of)?, self.reference(of)?);
                // Neither an instance that has ended nor a cluster can be given up: import leaves that out.
                let gives_up = |one: &Json| one.to_string().to_lowercase().contains("terminate");
                let is_left_out = match schema.name {
                    "on_fail" | "on_success" => true,
                    "on_late" => kind == Kind::Resource,
                    _ => false,
                };
                if is_left_out && (gives_up(&first) || gives_up(&second)) {
                    return None;
                }
                if first == second {
                    first
                } else {
                    json!([first, second])
                }
            }
            AttributeType::DependsOn => self.reference(Kind::Activity)?,
            _ if schema.sensitive => json!("#{*mySecret}"),
            // A plan takes no other text for one.
            _ if schema.name == "region" => json!("eu-west-1"),
            AttributeType::OneOf(words) => json!(schema.aws_word(self.choices.of(words))?),
            AttributeType::Price(_) => json!("0.05"),
            AttributeType::Bool => json!(self.choices.of(&["true", "false", "TRUE"])),
            AttributeType::Integer(least) => {
                let text = (least.max(0) + 3).to_string();
                json!(number(&mut self.choices, text))
            }
            AttributeType::Number(least, _) => {
                json!(Number::parse(&least.to_string())?.to_string())
            }
            AttributeType::Duration => {
                json!(
                    self.choices
                        .of(&["10 Minutes", "2 hours", "1 day", "90 minutes"])
                )
            }
            AttributeType::Period => {
                json!(
                    self.choices
                        .of(&["1 Day", "15 minutes", "2 Weeks", "1 month"])
                )
            }
            AttributeType::DateTime => {
                json!(
                    self.choices
                        .of(&["2026-11-01T02:00:00", "2026-10-31T00:00:00.5+00:00"])
                )
            }
            AttributeType::Regex => json!("^(a+) [b-c]$"),
            AttributeType::Assignments => json!([format!("A={}", self.text(kind, schema)), "B=2"]),
            AttributeType::Strings => match self.choices.below(3) {
                0 => json!(self.text(kind, schema)),
                1 => json!([self.text(kind, schema), self.text(kind, schema), "last"]),
                _ if schema.deferrable => json!(["#{myList}", self.text(kind, schema)]),
                _ => json!("only"),
            },
            _ => json!(self.text(kind, schema)),
        })
    }

    fn text(&mut self, kind: Kind, schema: &AttributeSchema) -> String {
        let runs = matches!(kind, Kind::Activity | Kind::DataNode | Kind::Resource);
        match self.choices.below(4) {
            0 => self.choices.of(&PLAIN).to_owned(),
            1 => self.choices.of(&PARAMETERS).to_owned(),
            2 if runs && schema.deferrable => self.choices.of(&TIMES).to_owned(),
            2 if matches!(kind, Kind::Action) => self
                .choices
                .of(&[
                    "#{node.name} failed",
                    "#{node.@scheduledStartTime}: #{node.errorMessage}",
                ])
                .to_owned(),
            _ => {
                let (plain, read) = (self.choices.of(&PLAIN), self.choices.of(&PARAMETERS));
                format!("{plain} {read}")
            }
        }
    }

    /// `s3://x.jar,a,b`.
    fn listed(&mut self, kind: Kind) -> Json {
        let mut texts = Vec::new();
        for _ in 0..=self.choices.below(2) {
            let argument = match self.choices.below(4) {
                0 if kind == Kind::Activity => "#{format(@scheduledStartTime, 'YYYY,MM')}",
                1 => "a\\\\,b",
                2 => "#{myList}",
                _ => "s3://#{myText}/x",
            };
            texts.push(format!("s3://acme/x.jar, {argument},last"));
        }
        json!(texts)
    }

    /// An object that is part of another.
    fn part(
        &mut self,
        kind: Kind,
        owner: &str,
        name: &str,
        block: &'static BlockSchema,
        depth: usize,
    ) -> Option<Json> {
        let type_name = block.aws.filter(|_| depth < 3)?;
        let id = format!("{owner} {name} {depth}");
        let mut fields = Map::new();
        fields.insert("id".to_owned(), json!(id));
        fields.insert("type".to_owned(), json!(type_name));
        for schema in block.attributes {
            let names = schema.aws_fields();
            if names.is_empty() || matches!(schema.name, "aws_id" | "aws_fields") {
                continue;
            }
            if schema.default != Default::Required && !self.choices.one_in(2) {
                continue;
            }
            let value = match (schema.value.block(), schema.aws) {
                (Some(inner), _) => self.part(kind, &id, schema.name, inner, depth + 1),
                (None, Aws::Pairs(_)) => Some(self.properties(&id)),
                _ => self.value(kind, schema),
            };
            if let Some(value) = value {
                fields.insert(names[0].clone(), value);
            }
        }
        self.objects.push(Json::Object(fields));
        Some(json!({"ref": id}))
    }

    fn properties(&mut self, owner: &str) -> Json {
        let mut references = Vec::new();
        for key in ["a.b.c", "key"] {
            let id = format!("{owner} {key}");
            let mut property = json!({"id": id, "type": "Property", "key": key, "value": self.choices.of(&PARAMETERS)});
            if self.choices.one_in(3) {
                property["myComment"] = json!("why");
            }
            self.objects.push(property);
            references.push(json!({"ref": id}));
        }
        json!(references)
    }
}

/// A definition with objects of all types, which may break rules about attributes taken together.
fn definition(bytes: &[u8]) -> String {
    made(bytes, None)
}

/// A definition with a few objects, which may break no rule.
pub(crate) fn few_objects(bytes: &[u8]) -> String {
    made(bytes, Some(15))
}

fn made(bytes: &[u8], few: Option<usize>) -> String {
    let maker = Maker {
        choices: Choices {
            bytes: bytes.iter(),
        },
        objects: Vec::new(),
        made: Vec::new(),
        few,
    };
    maker.whole()
}

/// What the oldest tables say of their database themselves becomes an object, and is written into them again; a database that is an
/// object and says no more than they could stays one.
#[test]
fn the_database_of_one_of_the_oldest_tables_stays_an_object() {
    let whole = json!({"objects": [
        {"id": "Default"},
        {"id": "jdbcdatabase", "type": "JdbcDatabase", "connectionString": "jdbc:mysql://h/d"},
        {"id": "One", "type": "MySqlDataNode", "database": {"ref": "jdbcdatabase"}, "table": "t"},
        {"id": "Two", "type": "MySqlDataNode", "connectionString": "jdbc:mysql://h/d", "table": "t"},
    ]});
    super::check(&whole.to_string(), "oldest tables");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_definitions_are_the_same_after_import_and_export(
        bytes in prop::collection::vec(any::<u8>(), 0..1500),
    ) {
        super::check(&definition(&bytes), "generated");
    }
}

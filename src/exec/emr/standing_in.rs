//! A stand-in for EMR, for tests: one cluster that is ready, with steps that do nothing.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;

use super::Cluster;
use super::Clusters;
use super::Emr;
use super::Orders;
use super::Standing;
use super::Step;
use super::Tenancy;
use super::Terms;
use super::Watching;
use crate::connect::aws::Settings;
use crate::connect::aws::emr::ClusterRequest;
use crate::engine::InstanceKey;
use crate::exec::Activities;
use crate::exec::Cancel;
use crate::exec::Context;
use crate::exec::ExecError;
use crate::exec::OnProcess;
use crate::exec::Progress;
use crate::exec::Sessions;
use crate::exec::log::Log;
use crate::exec::looking::Looking;
use crate::exec::webhook;
use crate::objects::Address;
use crate::time::Interval;

/// The id of the cluster.
pub(super) const CLUSTER: &str = "j-1";

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    /// It is done, and its answer is lost.
    Lost,
    /// It is refused, as one of too many.
    Throttled,
}

/// EMR as a test sees it.
pub(super) struct StandIn {
    /// Reaches it.
    pub(super) aws: Sessions,
    /// How it stands with the cluster.
    pub(super) standing: watch::Sender<Standing>,
    state: Arc<Mutex<State>>,
    directory: TempDir,
}

/// A step that it has.
#[derive(Debug)]
struct StepThere {
    id: String,
    name: String,
    args: Vec<String>,
    state: &'static str,
}

#[derive(Debug, Default)]
struct State {
    steps: Vec<StepThere>,
    /// What becomes of those that wait when they are looked at by their ids.
    ends: &'static str,
    calls: Vec<String>,
    harms: Vec<(&'static str, Harm)>,
}

impl StandIn {
    /// Steps get into the state `ends` when they are looked at.
    pub(super) async fn new(ends: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            ends,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                serve(&stream, &shared);
            }
        });
        Self {
            aws: Sessions::standing_in(&Settings::default(), &url).await,
            standing: watch::Sender::new(Standing::Ready {
                id: CLUSTER.to_owned(),
            }),
            state,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// So many of the next calls of an action are harmed; `ListSteps by id` are those that name steps.
    pub(super) fn harm(&self, action: &'static str, harm: Harm, count: usize) {
        let mut state = self.state.lock().unwrap();
        state
            .harms
            .extend(std::iter::repeat_n((action, harm), count));
    }

    /// The cluster has a step, with these arguments.
    pub(super) fn has(&self, name: &str, args: &str, step: &'static str) {
        let args = args.split_whitespace().map(str::to_owned).collect();
        self.state.lock().unwrap().add(name, args, step);
    }

    /// How many calls of an action there were.
    pub(super) fn calls(&self, action: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.calls.iter().filter(|call| *call == action).count()
    }

    /// The states of the steps.
    pub(super) fn states(&self) -> Vec<&'static str> {
        let state = self.state.lock().unwrap();
        state.steps.iter().map(|step| step.state).collect()
    }

    /// What the attempts have logged.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// Runs one step, as an attempt does.
    pub(super) async fn run(&self) -> Result<(), ExecError> {
        let work = Emr {
            cluster: cluster(),
            steps: vec![Step {
                name: "report".to_owned(),
                jar: "command-runner.jar".to_owned(),
                ..Step::default()
            }],
        };
        Box::pin(super::run(&work, &self.context())).await
    }

    fn context(&self) -> Context {
        let tenancy = Tenancy {
            standing: self.standing.subscribe(),
            orders: Arc::new(watch::Sender::new(Orders::default())),
            reached: watch::Sender::new(None).subscribe(),
        };
        Context {
            log: Log::at(&self.directory.path().join("log"), &[]),
            cancel: Cancel::new(),
            progress: Progress::default(),
            aws: self.aws.clone(),
            looking: Looking::default(),
            clusters: Clusters {
                watching: Watching::default(),
                hold: Some(Arc::new(move |_: Cluster| {
                    let tenancy = tenancy.clone();
                    Box::pin(async move { Some(tenancy) })
                })),
            },
            webhooks: webhook::Client::default(),
            staging: self.directory.path().join("staging"),
            archive: None,
            attempt_id: "lineage:pipeline.p.activity.a@2026-11-23T00:00:00Z#1".to_owned(),
            activities: Activities::default(),
            on_process: OnProcess::default(),
        }
    }
}

/// A cluster that was asked for.
pub(super) fn cluster() -> Cluster {
    Cluster {
        key: InstanceKey {
            object: Address::new("resource.big"),
            interval: Interval::moment(Timestamp::UNIX_EPOCH),
        },
        aws: Settings::default(),
        request: ClusterRequest::default(),
        terms: Terms {
            tries: 1,
            retry_delay: SignedDuration::ZERO,
            max_retry_delay: SignedDuration::ZERO,
            init_timeout: None,
            terminate_after: None,
            retries_work: true,
            ends_with_work: false,
            on_demand_at_last: false,
        },
    }
}

impl State {
    fn add(&mut self, name: &str, args: Vec<String>, state: &'static str) -> String {
        let id = format!("s-{}", self.steps.len() + 1);
        self.steps.push(StepThere {
            id: id.clone(),
            name: name.to_owned(),
            args,
            state,
        });
        id
    }

    /// The answer to a call: its status and what is in it. `None`: it is lost.
    fn answer(&mut self, action: &str, asked: &Value) -> Option<(u16, Value)> {
        let by_id = asked["StepIds"].is_array() && action == "ListSteps";
        let call = if by_id { "ListSteps by id" } else { action };
        self.calls.push(call.to_owned());
        let harm = self.harms.iter().position(|(of, _)| *of == call);
        let harm = harm.map(|at| self.harms.remove(at).1);
        if harm == Some(Harm::Throttled) {
            let refused = json!({"__type": "ThrottlingException", "message": "Rate exceeded"});
            return Some((400, refused));
        }
        let done = self.done(action, asked);
        (harm != Some(Harm::Lost)).then_some((200, done))
    }

    fn done(&mut self, action: &str, asked: &Value) -> Value {
        let ids = asked["StepIds"].as_array();
        let is_asked = |id: &str| ids.is_none_or(|ids| ids.iter().any(|one| one == id));
        match action {
            "AddJobFlowSteps" => {
                let name = asked["Steps"][0]["Name"].as_str().unwrap_or_default();
                let id = self.add(name, Vec::new(), "PENDING");
                json!({"StepIds": [id]})
            }
            "CancelSteps" => {
                for step in self.steps.iter_mut().filter(|step| is_asked(&step.id)) {
                    step.state = "CANCELLED";
                }
                json!({"CancelStepsInfoList": []})
            }
            "ListSteps" => {
                let mut found = Vec::new();
                for step in self.steps.iter_mut().filter(|step| is_asked(&step.id)) {
                    if ids.is_some() && step.state == "PENDING" {
                        step.state = self.ends;
                    }
                    found.push(json!({
                        "Id": step.id,
                        "Name": step.name,
                        "Config": {"Jar": "command-runner.jar", "Args": step.args},
                        "Status": {"State": step.state},
                    }));
                }
                json!({"Steps": found})
            }
            "DescribeCluster" => {
                json!({"Cluster": {"Id": CLUSTER, "Name": "big", "Status": {"State": "WAITING"}}})
            }
            _ => json!({}),
        }
    }
}

fn serve(mut stream: &TcpStream, state: &Mutex<State>) {
    let Some((action, asked)) = asked(stream) else {
        return;
    };
    let answer = state.lock().unwrap().answer(&action, &asked);
    let Some((status, body)) = answer else {
        return; // the connection ends with it
    };
    let body = body.to_string();
    let answer = format!(
        "HTTP/1.1 {status} Answer\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    drop(stream.write_all(answer.as_bytes()));
}

/// What is asked on a connection: the action, and its arguments.
fn asked(stream: &TcpStream) -> Option<(String, Value)> {
    let patience = Some(Duration::from_secs(10));
    stream.set_read_timeout(patience).ok()?;
    let mut reader = BufReader::new(stream);
    let (mut action, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => action = value.rsplit('.').next()?.to_owned(),
            "content-length" => length = value.trim().parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((action, serde_json::from_slice(&body).ok()?))
}

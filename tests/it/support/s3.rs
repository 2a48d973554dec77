//! An S3 server for tests: one for all, started by the first, ended with the process.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use super::repository;

/// The server.
pub(crate) struct Server {
    /// Its address.
    pub(crate) url: String,
    /// The directory of the programs beside it.
    tools: String,
    /// Whoever ends closes the pipe to it, and it ends too.
    _child: Child,
}

/// The server that all tests share. Each takes a bucket of its own.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let output = Command::new(repository().join("tests/tools"))
            .arg("s3")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tests/tools s3: {said}");
        let tools = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let directory = tempfile::tempdir().unwrap().keep();
        let mut child = Command::new(repository().join("tests/s3-server"))
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        assert!(
            url.starts_with("http://"),
            "the S3 server does not start: what it said is above"
        );
        Server {
            url: url.trim().to_owned(),
            tools,
            _child: child,
        }
    })
}

impl Server {
    /// Makes a bucket.
    pub(crate) fn bucket(&self, name: &str) {
        self.look(&["bucket", name]);
    }

    /// Asks the server with boto3: what `tests/s3.py` prints.
    pub(crate) fn look(&self, arguments: &[&str]) -> String {
        let output = Command::new(format!("{}/python", self.tools))
            .arg(repository().join("tests/s3.py"))
            .args(arguments)
            .env("AWS_ENDPOINT_URL_S3", &self.url)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "s3.py {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }
}

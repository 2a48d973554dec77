//! Copies that the service makes: the bytes never come here.

use super::Endpoint;
use super::Head;
use super::Location;
use super::OnBytes;
use super::S3Error;
use super::get::Known;
use super::get::joined;
use super::get::nameless;
use super::put::Parts;
use super::put::Target;
use super::put::Upload;
use super::spans;
use crate::connect::Cancel;
use crate::connect::ConnectError;

/// What the service copies in one call at most.
const WHOLE: u64 = 5 * 1024 * 1024 * 1024;

/// How much it copies in one call of a larger object.
const STEP: u64 = 512 * 1024 * 1024;

/// How many such calls are under way at once.
const STEPS: usize = 16;

impl Endpoint {
    /// Lets the service copy an object, with what it is labelled with, as long as it is what is known of it.
    pub async fn copy(
        &self,
        from: &Location,
        known: &Known,
        target: &Target,
        on_bytes: &OnBytes,
        cancel: &Cancel,
    ) -> Result<(), ConnectError> {
        if known.size > WHOLE || known.etag.is_empty() {
            let head = self.head(from).await?;
            same(from, known, &head)?;
            if head.size > WHOLE {
                let head = (from, &head);
                return self
                    .copy_parts(head, target, STEP, (on_bytes, cancel))
                    .await;
            }
            let known = Known::from(head);
            return self.copy_whole((from, &known), target, on_bytes).await;
        }
        self.copy_whole((from, known), target, on_bytes).await
    }

    async fn copy_whole(
        &self,
        (from, known): (&Location, &Known),
        target: &Target,
        on_bytes: &OnBytes,
    ) -> Result<(), ConnectError> {
        let etag = Some(known.etag.as_str()).filter(|etag| !etag.is_empty());
        let Target { at, encryption } = target;
        let call = || self.calls.copy(from, etag, at, *encryption);
        self.tried_within(&self.limits.copies, ("copy", from), call)
            .await?;
        on_bytes.tell(known.size);
        Ok(())
    }

    /// The same in parts of a size in bytes, of 5 MB at least. What is known has to be of the object as it is now.
    pub async fn copy_parts(
        &self,
        (from, head): (&Location, &Head),
        target: &Target,
        step: u64,
        (on_bytes, cancel): (&OnBytes, &Cancel),
    ) -> Result<(), ConnectError> {
        if head.etag.is_empty() {
            return Err(S3Error::new("copy", from, nameless()).into());
        }
        let mut upload = Upload::begin(self, target, &head.labels, false).await?;
        let mut under_way = Parts::new();
        let steps = self.copy_steps(
            (from, head),
            (&mut upload, &mut under_way),
            (step, on_bytes),
        );
        let copied = tokio::select! {
            copied = steps => copied,
            () = cancel.cancelled() => Err(ConnectError::Cancelled),
        };
        // As with parts that come from here: none may come behind the end.
        under_way.shutdown().await;
        let result = match copied {
            Ok(()) => {
                let completed = upload.complete(head.size).await;
                completed.map(drop).map_err(ConnectError::from)
            }
            Err(error) => Err(error),
        };
        if result.is_err() {
            upload.abort().await;
        }
        result
    }

    async fn copy_steps(
        &self,
        (from, head): (&Location, &Head),
        (upload, under_way): (&mut Upload, &mut Parts),
        (step, on_bytes): (u64, &OnBytes),
    ) -> Result<(), ConnectError> {
        for (number, span) in (1..).zip(spans(head.size, step)) {
            if under_way.len() >= STEPS {
                upload.parts.extend(joined(under_way.join_next().await)?);
            }
            let (endpoint, from, etag) = (self.clone(), from.clone(), head.etag.clone());
            let (at, id) = (upload.at().clone(), upload.id().to_owned());
            let on_bytes = on_bytes.clone();
            under_way.spawn(async move {
                let calls = &endpoint.calls;
                let call = || calls.copy_part((&from, &etag), span, &at, (&id, number));
                let copies = &endpoint.limits.copies;
                let part = endpoint.tried_within(copies, ("copy", &from), call).await?;
                on_bytes.tell(span.len());
                Ok((part, span.len()))
            });
        }
        while let Some(next) = under_way.join_next().await {
            upload.parts.extend(joined(Some(next))?);
        }
        Ok(())
    }
}

/// An error unless an object is what is known of it.
fn same(at: &Location, known: &Known, head: &Head) -> Result<(), S3Error> {
    if head.size != known.size {
        let why = format!("it had {} bytes and has {}", known.size, head.size);
        return Err(S3Error::changed(at, why));
    }
    if known.etag.is_empty() || known.etag == head.etag {
        return Ok(());
    }
    Err(S3Error::changed(at, "it has other contents than it had"))
}

//! Calls of S3: each is made once and answers in plain values; what to do when one fails is decided in `connect/s3`.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::ChecksumAlgorithm;
use aws_sdk_s3::types::ChecksumMode;
use aws_sdk_s3::types::ChecksumType;
use aws_sdk_s3::types::CompletedMultipartUpload;
use aws_sdk_s3::types::CompletedPart;
use aws_sdk_s3::types::Delete;
use aws_sdk_s3::types::EncodingType;
use aws_sdk_s3::types::ObjectIdentifier;
use aws_sdk_s3::types::ServerSideEncryption;
use bytes::Bytes;
use data_encoding::BASE64;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;

mod heads;
mod refusals;

use self::heads::count;
use self::heads::crc32_of;
use self::heads::head_of;
use self::heads::head_of_reading;
use self::refusals::causes;
use self::refusals::fault_of;
use self::refusals::in_time;
use self::refusals::invalid;
use crate::connect::s3::Encryption;
use crate::connect::s3::Fault;
use crate::connect::s3::Head;
use crate::connect::s3::Labels;
use crate::connect::s3::Listed;
use crate::connect::s3::Location;
use crate::connect::s3::Page;
use crate::connect::s3::Part;
use crate::connect::s3::Pending;
use crate::connect::s3::PendingPage;
use crate::connect::s3::Refusal;
use crate::connect::s3::Span;

/// What stays as it is in the source of a copy, which is a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// How long it may take until the service begins to answer.
const ANSWER: Duration = Duration::from_secs(30);

/// What a connection carries at least of what is sent, in bytes each second.
const SLOWEST: u64 = 8 * 1024;

/// The same where it has to move an object first.
const LONG_ANSWER: Duration = Duration::from_mins(30);

/// The calls of S3. Clones share connections.
#[derive(Clone, Debug)]
pub struct Calls {
    client: Client,
}

/// An object that is being read.
pub struct Reading {
    /// What is known of all of it.
    pub head: Head,
    /// How many bytes are to come.
    pub length: u64,
    body: ByteStream,
}

impl Reading {
    /// The next bytes; none at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let next = self.body.try_next().await;
        next.map_err(|error| Refusal {
            fault: Fault::Unreachable,
            reason: causes(&error),
        })
    }
}

impl Calls {
    /// Those of a client, with its connections.
    pub fn new(client: &Client) -> Self {
        let config = client.config().to_builder();
        let config = config
            // Retries and checksums are decided in `connect/s3`.
            .retry_config(RetryConfig::disabled())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        let client = Client::from_conf(config);
        Self { client }
    }

    /// What is known of an object.
    pub async fn head(&self, at: &Location) -> Result<Head, Refusal> {
        let call = self.client.head_object().bucket(&at.bucket).key(&at.key);
        let call = call.checksum_mode(ChecksumMode::Enabled).send();
        let answer = in_time(ANSWER, call).await?;
        Ok(head_of(&answer))
    }

    /// Some of the objects whose keys begin with a prefix.
    pub async fn list(
        &self,
        prefix: &Location,
        after: Option<&str>,
        limit: i32,
    ) -> Result<Page, Refusal> {
        let call = self.client.list_objects_v2().bucket(&prefix.bucket);
        let call = call
            .prefix(&prefix.key)
            .set_continuation_token(after.map(str::to_owned))
            .encoding_type(EncodingType::Url)
            .max_keys(limit);
        let answer = in_time(ANSWER, call.send()).await?;
        let encoded = answer.encoding_type() == Some(&EncodingType::Url);
        let mut objects = Vec::with_capacity(answer.contents().len());
        for object in answer.contents() {
            objects.push(Listed {
                key: decoded(object.key().unwrap_or_default(), encoded)?,
                size: count(object.size()),
                etag: object.e_tag().unwrap_or_default().to_owned(),
            });
        }
        let more = answer.is_truncated() == Some(true);
        let next = answer.next_continuation_token().map(str::to_owned);
        Ok(Page {
            objects,
            next: next.filter(|_| more),
        })
    }

    /// Reads an object, or some of it, as long as it is what it was.
    pub async fn get(
        &self,
        at: &Location,
        span: Option<Span>,
        etag: Option<&str>,
    ) -> Result<Reading, Refusal> {
        let call = self.client.get_object().bucket(&at.bucket).key(&at.key);
        let range = span.map(|span| format!("bytes={}-{}", span.from, span.to.saturating_sub(1)));
        let whole = span.is_none();
        let call = call
            .set_range(range)
            .set_if_match(etag.map(str::to_owned))
            .customize()
            .mutate_request(move |request| {
                // Asked for in this way, the SDK does not compute what `connect/s3` compares.
                if whole {
                    request
                        .headers_mut()
                        .insert("x-amz-checksum-mode", "ENABLED");
                }
            });
        let answer = in_time(ANSWER, call.send()).await?;
        let length = count(answer.content_length());
        let head = head_of_reading(&answer, span.is_some());
        // A store that knows no ranges sends all.
        let wanted = span.map_or(length, Span::len);
        if length != wanted {
            return Err(Refusal {
                fault: Fault::Changed,
                reason: format!("{wanted} bytes were asked for, and {length} are sent"),
            });
        }
        Ok(Reading {
            head,
            length,
            body: answer.body,
        })
    }

    /// Writes an object in one call. The service compares the checksum.
    pub async fn put(
        &self,
        at: &Location,
        body: Bytes,
        crc32: u32,
        encryption: Encryption,
    ) -> Result<String, Refusal> {
        let limit = time_for(&body);
        let call = self.client.put_object().bucket(&at.bucket).key(&at.key);
        let call = call
            .checksum_crc32(BASE64.encode(&crc32.to_be_bytes()))
            .set_server_side_encryption(asked(encryption))
            .body(ByteStream::from(body))
            .customize()
            // The checksum is in the header, which is signed.
            .disable_payload_signing();
        let answer = in_time(limit, call.send()).await?;
        Ok(answer.e_tag().unwrap_or_default().to_owned())
    }

    /// Begins an upload in parts; gives its id. `checked`: parts come with checksums, and all of it has one.
    pub async fn begin(
        &self,
        at: &Location,
        encryption: Encryption,
        labels: &Labels,
        checked: bool,
    ) -> Result<String, Refusal> {
        let call = self.client.create_multipart_upload();
        let own = labels.own.iter().cloned().collect();
        let call = call
            .bucket(&at.bucket)
            .key(&at.key)
            .set_server_side_encryption(asked(encryption))
            .set_checksum_algorithm(checked.then_some(ChecksumAlgorithm::Crc32))
            .set_checksum_type(checked.then_some(ChecksumType::FullObject))
            .set_content_type(labels.content_type.clone())
            .set_content_encoding(labels.content_encoding.clone())
            .set_content_language(labels.content_language.clone())
            .set_content_disposition(labels.content_disposition.clone())
            .set_cache_control(labels.cache_control.clone())
            .set_metadata((!labels.own.is_empty()).then_some(own));
        let answer = in_time(ANSWER, call.send()).await?;
        answer
            .upload_id()
            .map(str::to_owned)
            .ok_or_else(|| Refusal {
                fault: Fault::Service,
                reason: "the upload that was begun has no id".to_owned(),
            })
    }

    /// Uploads a part. The service compares the checksum.
    pub async fn part(
        &self,
        at: &Location,
        upload: &str,
        number: i32,
        (body, crc32): (Bytes, u32),
    ) -> Result<Part, Refusal> {
        let limit = time_for(&body);
        let call = self.client.upload_part().bucket(&at.bucket).key(&at.key);
        let call = call
            .upload_id(upload)
            .part_number(number)
            .checksum_crc32(BASE64.encode(&crc32.to_be_bytes()))
            .body(ByteStream::from(body))
            .customize()
            .disable_payload_signing();
        let answer = in_time(limit, call.send()).await?;
        Ok(Part {
            number,
            etag: answer.e_tag().unwrap_or_default().to_owned(),
            crc32: Some(crc32),
        })
    }

    /// Lets the service copy some bytes of an object into a part.
    pub async fn copy_part(
        &self,
        (from, etag): (&Location, &str),
        span: Span,
        at: &Location,
        (upload, number): (&str, i32),
    ) -> Result<Part, Refusal> {
        let call = self
            .client
            .upload_part_copy()
            .bucket(&at.bucket)
            .key(&at.key);
        let call = call
            .upload_id(upload)
            .part_number(number)
            .copy_source(source(from))
            .copy_source_range(format!("bytes={}-{}", span.from, span.to.saturating_sub(1)))
            .copy_source_if_match(etag);
        let answer = in_time(LONG_ANSWER, call.send()).await?;
        let result = answer.copy_part_result();
        let crc32 = result.and_then(|result| result.checksum_crc32());
        Ok(Part {
            number,
            etag: result
                .and_then(|result| result.e_tag())
                .unwrap_or_default()
                .to_owned(),
            crc32: crc32.and_then(crc32_of),
        })
    }

    /// Makes an object of its parts. `whole`: the checksum and the size of all of it, which the service compares.
    pub async fn complete(
        &self,
        at: &Location,
        upload: &str,
        parts: &[Part],
        whole: Option<(u32, u64)>,
    ) -> Result<String, Refusal> {
        let parts = parts.iter().map(|part| {
            let crc32 = part.crc32.filter(|_| whole.is_some());
            CompletedPart::builder()
                .part_number(part.number)
                .e_tag(&part.etag)
                .set_checksum_crc32(crc32.map(|crc32| BASE64.encode(&crc32.to_be_bytes())))
                .build()
        });
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect()));
        let call = self.client.complete_multipart_upload();
        let call = call
            .bucket(&at.bucket)
            .key(&at.key)
            .upload_id(upload)
            .set_checksum_crc32(whole.map(|(crc32, _)| BASE64.encode(&crc32.to_be_bytes())))
            .set_checksum_type(whole.map(|_| ChecksumType::FullObject))
            .set_mpu_object_size(whole.and_then(|(_, size)| i64::try_from(size).ok()))
            .multipart_upload(parts.build());
        let answer = in_time(LONG_ANSWER, call.send()).await?;
        Ok(answer.e_tag().unwrap_or_default().to_owned())
    }

    /// Gives up an upload in parts.
    pub async fn abort(&self, at: &Location, upload: &str) -> Result<(), Refusal> {
        let call = self.client.abort_multipart_upload().bucket(&at.bucket);
        let call = call.key(&at.key).upload_id(upload).send();
        in_time(ANSWER, call).await.map(|_| ())
    }

    /// Some of the uploads in parts below a prefix that are not complete.
    pub async fn pending(
        &self,
        prefix: &Location,
        after: Option<(String, String)>,
    ) -> Result<PendingPage, Refusal> {
        let call = self.client.list_multipart_uploads();
        let (key, id) = after.unzip();
        let call = call
            .bucket(&prefix.bucket)
            .prefix(&prefix.key)
            .set_key_marker(key)
            .set_upload_id_marker(id)
            .encoding_type(EncodingType::Url);
        let answer = in_time(ANSWER, call.send()).await?;
        let encoded = answer.encoding_type() == Some(&EncodingType::Url);
        let mut uploads = Vec::new();
        for upload in answer.uploads() {
            uploads.push(Pending {
                key: decoded(upload.key().unwrap_or_default(), encoded)?,
                id: upload.upload_id().unwrap_or_default().to_owned(),
                begun: upload.initiated().map_or(0, DateTime::secs),
            });
        }
        let next = match (answer.next_key_marker(), answer.next_upload_id_marker()) {
            (Some(key), id) if answer.is_truncated() == Some(true) => {
                Some((decoded(key, encoded)?, id.unwrap_or_default().to_owned()))
            }
            _ => None,
        };
        Ok(PendingPage { uploads, next })
    }

    /// Lets the service copy an object of at most 5 GB, as long as it is what it was.
    pub async fn copy(
        &self,
        from: &Location,
        etag: Option<&str>,
        to: &Location,
        encryption: Encryption,
    ) -> Result<String, Refusal> {
        let call = self.client.copy_object().bucket(&to.bucket).key(&to.key);
        let call = call
            .copy_source(source(from))
            .set_copy_source_if_match(etag.map(str::to_owned))
            .set_server_side_encryption(asked(encryption));
        let answer = in_time(LONG_ANSWER, call.send()).await?;
        let result = answer.copy_object_result();
        Ok(result
            .and_then(|result| result.e_tag())
            .unwrap_or_default()
            .to_owned())
    }

    /// Removes objects, at most 1,000. One that is not there is removed. Gives those that could not be, and why.
    pub async fn delete(
        &self,
        bucket: &str,
        keys: &[String],
    ) -> Result<Vec<(String, Refusal)>, Refusal> {
        let mut delete = Delete::builder().quiet(true);
        for key in keys {
            let object = ObjectIdentifier::builder().key(key).build();
            delete = delete.objects(object.map_err(|error| invalid(&error))?);
        }
        let delete = delete.build().map_err(|error| invalid(&error))?;
        let call = self.client.delete_objects().bucket(bucket).delete(delete);
        let answer = in_time(ANSWER, call.send()).await?;
        let refused = answer.errors().iter().map(|error| {
            let code = error.code().unwrap_or_default();
            let reason = error.message().unwrap_or(code).to_owned();
            let fault = fault_of(code, 0);
            let key = error.key().unwrap_or_default().to_owned();
            (key, Refusal { fault, reason })
        });
        Ok(refused.collect())
    }
}

/// How long it may take until the service answers who sends it so much.
fn time_for(body: &Bytes) -> Duration {
    ANSWER + Duration::from_secs(body.len() as u64 / SLOWEST)
}

fn asked(encryption: Encryption) -> Option<ServerSideEncryption> {
    match encryption {
        Encryption::Bucket => None,
        Encryption::Service => Some(ServerSideEncryption::Aes256),
    }
}

fn source(of: &Location) -> String {
    format!("{}/{}", of.bucket, utf8_percent_encode(&of.key, PATH))
}

/// A key of a listing.
fn decoded(key: &str, encoded: bool) -> Result<String, Refusal> {
    if !encoded {
        return Ok(key.to_owned());
    }
    let spaced = key.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|error| Refusal {
            fault: Fault::Invalid,
            reason: format!("the key `{key}` is not UTF-8: {error}"),
        })
}

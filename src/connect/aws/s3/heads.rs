//! What answers of S3 say of an object.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::ChecksumType;
use crc_fast::CrcAlgorithm;
use data_encoding::BASE64;

use crate::connect::s3::Checksum;
use crate::connect::s3::Head;
use crate::connect::s3::Labels;

/// The checksum of a whole object among those that an answer has. One of parts has their number behind it, and is no base64.
fn checksum(crc32: Option<&str>, crc32c: Option<&str>, crc64: Option<&str>) -> Option<Checksum> {
    let one = |algorithm, text: Option<&str>| {
        let bytes = BASE64.decode(text?.as_bytes()).ok()?;
        let value = bytes
            .iter()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        Some(Checksum { algorithm, value })
    };
    one(CrcAlgorithm::Crc32IsoHdlc, crc32)
        .or_else(|| one(CrcAlgorithm::Crc64Nvme, crc64))
        .or_else(|| one(CrcAlgorithm::Crc32Iscsi, crc32c))
}

pub(super) fn head_of(answer: &HeadObjectOutput) -> Head {
    let whole = answer.checksum_type() != Some(&ChecksumType::Composite);
    let found = checksum(
        answer.checksum_crc32(),
        answer.checksum_crc32_c(),
        answer.checksum_crc64_nvme(),
    );
    let own = answer.metadata().into_iter().flatten();
    let mut own: Vec<_> = own
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    own.sort();
    Head {
        size: count(answer.content_length()),
        etag: answer.e_tag().unwrap_or_default().to_owned(),
        checksum: found.filter(|_| whole),
        modified: answer.last_modified().map_or(0, DateTime::secs),
        labels: Labels {
            content_type: answer.content_type().map(str::to_owned),
            content_encoding: answer.content_encoding().map(str::to_owned),
            content_language: answer.content_language().map(str::to_owned),
            content_disposition: answer.content_disposition().map(str::to_owned),
            cache_control: answer.cache_control().map(str::to_owned),
            own,
        },
    }
}

pub(super) fn head_of_reading(answer: &GetObjectOutput, partly: bool) -> Head {
    let whole = !partly && answer.checksum_type() != Some(&ChecksumType::Composite);
    let found = checksum(
        answer.checksum_crc32(),
        answer.checksum_crc32_c(),
        answer.checksum_crc64_nvme(),
    );
    let total = answer
        .content_range()
        .and_then(|range| range.rsplit_once('/'));
    let total = total.and_then(|(_, total)| total.parse().ok());
    Head {
        size: total.unwrap_or_else(|| count(answer.content_length())),
        etag: answer.e_tag().unwrap_or_default().to_owned(),
        checksum: found.filter(|_| whole),
        modified: answer.last_modified().map_or(0, DateTime::secs),
        labels: Labels::default(),
    }
}

pub(super) fn crc32_of(text: &str) -> Option<u32> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

pub(super) fn count(number: Option<i64>) -> u64 {
    number
        .and_then(|number| u64::try_from(number).ok())
        .unwrap_or_default()
}

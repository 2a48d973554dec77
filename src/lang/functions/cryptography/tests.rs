//! Keys and cipher texts that openssl made, and hashes that are verified.

use super::*;
use crate::lang::test_support::with_call;

const PKCS1: &str = include_str!("testdata/pkcs1.pem");
const PKCS8: &str = include_str!("testdata/pkcs8.pem");
const OPENSSH: &str = include_str!("testdata/openssh.pem");
const PASSPHRASE: &str = include_str!("testdata/passphrase.pem");
const ELLIPTIC: &str = include_str!("testdata/elliptic.pem");
const ENCRYPTED: &str = include_str!("testdata/encrypted.txt");

fn decrypted(cipher: &str, key: &str) -> Result<Value, String> {
    let arguments = [Value::string(cipher), Value::string(key)];
    with_call(|call| rsadecrypt(call, &arguments).map_err(|error| error.message))
}

#[test]
fn what_was_encrypted_for_a_key_is_read_with_it() {
    let windows = PKCS1.replace('\n', "\r\n");
    let talk = format!("Bag Attributes\n{PKCS8}");
    for key in [PKCS1, PKCS8, OPENSSH, windows.as_str(), talk.as_str()] {
        assert_eq!(
            decrypted(ENCRYPTED, key),
            Ok(Value::string("Hello, wörld")),
            "{key}"
        );
    }
}

#[test]
fn what_cannot_be_decrypted_says_why() {
    let other = BASE64.encode(&[0xff; 128]);
    let cut = PKCS1.replace("-----END", "");
    for (cipher, key, reason) in [
        ("AAAA", PKCS1, "not encrypted for this key"),
        ("", PKCS1, "not encrypted for this key"),
        (&other, PKCS1, "not encrypted for this key"),
        ("?", PKCS1, "it is no Base64"),
        (ENCRYPTED, PASSPHRASE, "has a passphrase"),
        (ENCRYPTED, ELLIPTIC, "no private key of RSA"),
        (ENCRYPTED, "", "no private key in PEM"),
        (ENCRYPTED, &cut, "no private key in PEM"),
        (
            ENCRYPTED,
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            "it is a `PUBLIC KEY`",
        ),
        (
            ENCRYPTED,
            "-----BEGIN PRIVATE KEY-----\nMIIC\n-----END PRIVATE KEY-----",
            "no private key of RSA",
        ),
    ] {
        let message = decrypted(cipher, key).expect_err(reason);
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn a_key_that_is_cut_off_anywhere_is_no_key() {
    for pem in [PKCS1, PKCS8, OPENSSH] {
        let (kind, body) = pem
            .trim()
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.split_once("-----"))
            .expect("a key");
        let (body, _) = body.split_once("-----").expect("an end");
        let body: String = body.split_whitespace().collect();
        let bytes = BASE64.decode(body.as_bytes()).expect("Base64");
        for length in 0..bytes.len() / 2 {
            let cut = BASE64.encode(&bytes[..length]);
            let pem = format!("-----BEGIN {kind}-----\n{cut}\n-----END {kind}-----");
            assert!(Key::from_pem(&pem).is_err(), "{length} bytes of {kind}");
        }
    }
}

#[test]
fn a_hash_is_one_of_its_password() {
    for (password, cost) in [("secret", 4_i64), ("", 4), ("pässwörd", 5)] {
        let arguments = [Value::string(password), Value::Number(cost.into())];
        let Ok(Value::String(hash)) = with_call(|call| bcrypt_hash(call, &arguments)) else {
            panic!("no hash of {password}");
        };
        assert!(hash.starts_with(&format!("$2a$0{cost}$")), "{hash}");
        assert_eq!(bcrypt::verify(password, &hash).ok(), Some(true), "{hash}");
        assert_eq!(bcrypt::verify("other", &hash).ok(), Some(false), "{hash}");
    }
}

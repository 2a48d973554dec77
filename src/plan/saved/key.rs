//! The key of saved plans: with it they are encrypted, and whoever has it knows that nobody has changed them.

use aws_lc_rs::aead::AES_256_GCM;
use aws_lc_rs::aead::Aad;
use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::aead::Nonce;
use aws_lc_rs::aead::UnboundKey;
use aws_lc_rs::hkdf;
use aws_lc_rs::hmac;
use data_encoding::BASE64;
use data_encoding::HEXLOWER;
use data_encoding::HEXLOWER_PERMISSIVE;
use std::fmt;

/// How many bytes a key has.
const LENGTH: usize = 32;

/// Two keys from one: for AES-256-GCM and for HMAC-SHA-256, by HKDF-SHA-256 (RFC 5869).
pub struct Key {
    cipher: LessSafeKey,
    signer: hmac::Key,
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key")
    }
}

impl Key {
    /// Reads a key: 32 bytes, in base64 or as 64 hexadecimal digits. `None` if it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .ok()
            .filter(|bytes| bytes.len() == LENGTH)
            .or_else(|| BASE64.decode(text.as_bytes()).ok())
            .filter(|bytes| bytes.len() == LENGTH)?;
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"pipeform plan").extract(&bytes);
        let derive = |purpose: &[u8]| {
            let mut key = [0; LENGTH];
            root.expand(&[purpose], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(&mut key))
                .ok()?;
            Some(key)
        };
        let cipher = UnboundKey::new(&AES_256_GCM, &derive(b"encrypt")?).ok()?;
        Some(Self {
            cipher: LessSafeKey::new(cipher),
            signer: hmac::Key::new(hmac::HMAC_SHA256, &derive(b"sign")?),
        })
    }

    /// Encrypts what is kept under a name: a random nonce, then the encrypted text and its tag.
    pub(super) fn seal(&self, name: &str, text: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).ok()?;
        let mut sealed = text.to_vec();
        self.cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name.as_bytes()),
                &mut sealed,
            )
            .ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what was kept under a name; `None` if it was encrypted with another key, or changed.
    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let mut text = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let aad = Aad::from(name.as_bytes());
        let length = self.cipher.open_in_place(nonce, aad, &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }

    /// The signature of a text, in hexadecimal digits.
    pub fn sign(&self, text: &[u8]) -> String {
        HEXLOWER.encode(hmac::sign(&self.signer, text).as_ref())
    }

    /// Whether a text has this signature.
    pub(super) fn has_signed(&self, text: &[u8], signature: &str) -> bool {
        HEXLOWER
            .decode(signature.as_bytes())
            .is_ok_and(|signature| hmac::verify(&self.signer, text, &signature).is_ok())
    }
}

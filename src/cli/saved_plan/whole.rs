//! Whether a state is, to the letter, the one that a plan was made of: then nothing in it has to be compared.

use crate::cli::errors::Failure;
use crate::plan::saved::Texts;
use crate::store::Head;
use crate::store::Store;

/// A digest of all objects and outputs of a state as of a serial, and of which state and serial that is.
pub(super) fn digest_of_state(store: &Store, head: &Head) -> Result<String, Failure> {
    let mut texts = Texts::default();
    texts.add(Some(&head.lineage));
    texts.add(Some(&head.serial.to_string()));
    store.each_text_at(head.serial, |text| texts.add(text))?;
    Ok(texts.digest())
}

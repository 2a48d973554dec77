//! Unpacks the pages of columns that gzip has packed, no further than their headers say.
//!
//! The decoder of the `parquet` crate unpacks such pages to their end, however far that is. So it is given the pages as they are packed,
//! and never unpacks one itself. Those of other codecs it unpacks into as much memory as the header says.

use std::io::Read as _;
use std::sync::Arc;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use parquet::basic::Compression;
use parquet::column::page::Page;
use parquet::column::page::PageMetadata;
use parquet::column::page::PageReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use super::guard::Measured;

/// The pages of a column, which this unpacks.
pub(super) struct Unpacked<F: ChunkReader + 'static> {
    pages: SerializedPageReader<Measured<F>>,
    file: Arc<Measured<F>>,
}

impl<F: ChunkReader + 'static> Unpacked<F> {
    /// The pages of a column of a group of rows, if gzip has packed them.
    pub(super) fn of(
        file: &Measured<F>,
        group: &RowGroupMetaData,
        column: usize,
    ) -> Result<Option<Self>, ParquetError> {
        let chunk = group.column(column);
        if !matches!(chunk.compression(), Compression::GZIP(_)) {
            return Ok(None);
        }
        let chunk = chunk.clone().into_builder();
        let as_it_is = chunk.set_compression(Compression::UNCOMPRESSED).build()?;
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let file = Arc::new(file.again());
        let pages = SerializedPageReader::new(Arc::clone(&file), &as_it_is, rows, None)?;
        Ok(Some(Self { pages, file }))
    }

    fn unpacked(&self, page: Page) -> Result<Page, ParquetError> {
        let size = self.file.said();
        Ok(match page {
            Page::DataPage {
                buf,
                num_values,
                encoding,
                def_level_encoding,
                rep_level_encoding,
                statistics,
            } => Page::DataPage {
                buf: unpack(&buf, 0, size)?,
                num_values,
                encoding,
                def_level_encoding,
                rep_level_encoding,
                statistics,
            },
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls,
                num_rows,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed,
                statistics,
            } => Page::DataPageV2 {
                buf: if is_compressed {
                    let levels = u64::from(def_levels_byte_len) + u64::from(rep_levels_byte_len);
                    unpack(&buf, usize::try_from(levels).unwrap_or(usize::MAX), size)?
                } else {
                    buf
                },
                num_values,
                encoding,
                num_nulls,
                num_rows,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed,
                statistics,
            },
            Page::DictionaryPage {
                buf,
                num_values,
                encoding,
                is_sorted,
            } => Page::DictionaryPage {
                buf: unpack(&buf, 0, size)?,
                num_values,
                encoding,
                is_sorted,
            },
        })
    }
}

/// The bytes of a page of a size, of which the first ones are not packed.
fn unpack(packed: &Bytes, plain: usize, size: u64) -> Result<Bytes, ParquetError> {
    let wrong = |why: &str| ParquetError::General(format!("a page {why}"));
    let (Some(first), Some(rest)) = (packed.get(..plain), packed.get(plain..)) else {
        return Err(wrong("is shorter than its header says"));
    };
    let mut all = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    all.extend_from_slice(first);
    if !rest.is_empty() {
        // One byte more shows that there are more.
        let left = size.saturating_sub(plain as u64).saturating_add(1);
        MultiGzDecoder::new(rest).take(left).read_to_end(&mut all)?;
    }
    if all.len() as u64 != size {
        let than = if all.len() as u64 > size {
            "more"
        } else {
            "fewer"
        };
        return Err(wrong(&format!(
            "has {than} bytes than its header says, {size}"
        )));
    }
    Ok(all.into())
}

impl<F: ChunkReader + 'static> PageReader for Unpacked<F> {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = self.pages.get_next_page()?;
        page.map(|page| self.unpacked(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.pages.skip_next_page()
    }
}

impl<F: ChunkReader + 'static> Iterator for Unpacked<F> {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn a_page_is_unpacked_as_far_as_its_header_says() {
        let mut gzip = GzEncoder::new(b"levels".to_vec(), flate2::Compression::best());
        gzip.write_all(&vec![0; 3_000_000]).unwrap();
        let packed = Bytes::from(gzip.finish().unwrap());
        let unpacked = unpack(&packed, 6, 3_000_006).unwrap();
        assert_eq!(
            (unpacked.len(), &unpacked[..7]),
            (3_000_006, &b"levels\0"[..])
        );
        drop(unpacked);
        let error = unpack(&packed, 6, 1000).unwrap_err().to_string();
        assert!(
            error.contains("more bytes than its header says, 1000"),
            "{error}"
        );
        let error = unpack(&packed, 6, 3_000_007).unwrap_err().to_string();
        assert!(error.contains("fewer bytes"), "{error}");
        unpack(&packed, packed.len() + 1, 1000).unwrap_err();
        assert_eq!(unpack(&Bytes::new(), 0, 0).unwrap(), Bytes::new());
    }
}

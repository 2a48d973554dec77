//! Listings: as many keys as there are, a page at a time.

use super::Endpoint;
use super::Listed;
use super::Location;
use super::S3Error;
use crate::connect::manifest::INCOMPLETE;
use crate::connect::manifest::SUCCESS;

/// How many keys a page has.
const PAGE: i32 = 1000;

/// The objects whose keys begin with a prefix; only a page of them is in memory.
#[derive(Debug)]
pub struct Listing<'a> {
    endpoint: &'a Endpoint,
    prefix: Location,
    next: Option<String>,
    ended: bool,
}

/// What there is below a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// Something.
    There,
    /// It is being written, or was when its writer died.
    Incomplete,
    /// Nothing.
    None,
}

impl Endpoint {
    /// Whether there is data below a prefix. The list that a copy writes before its data is none.
    pub async fn data(&self, prefix: &Location) -> Result<Data, S3Error> {
        let (mut next, mut limit): (Option<String>, i32) = (None, 1);
        let mut lists = false;
        loop {
            let call = || self.calls.list(prefix, next.as_deref(), limit);
            let page = self.tried("list", prefix, call).await?;
            let is_list = |key: &str| key.rsplit('/').next() == Some(INCOMPLETE);
            if !page.objects.iter().all(|object| is_list(&object.key)) {
                break;
            }
            lists |= !page.objects.is_empty();
            if page.next.is_none() || page.next == next {
                return Ok(if lists { Data::Incomplete } else { Data::None });
            }
            (next, limit) = (page.next, PAGE);
        }
        let incomplete = prefix.is_prefix()
            && self.has(&prefix.below(INCOMPLETE)).await?
            && !self.has(&prefix.below(SUCCESS)).await?;
        Ok(if incomplete {
            Data::Incomplete
        } else {
            Data::There
        })
    }

    /// Whether there is an object, for who may only list.
    async fn has(&self, at: &Location) -> Result<bool, S3Error> {
        let call = || self.calls.list(at, None, 1);
        let page = self.tried("list", at, call).await?;
        Ok(page
            .objects
            .first()
            .is_some_and(|found| found.key == at.key))
    }

    /// Lists the objects whose keys begin with that of a location.
    pub fn list(&self, prefix: &Location) -> Listing<'_> {
        Listing {
            endpoint: self,
            prefix: prefix.clone(),
            next: None,
            ended: false,
        }
    }
}

impl Listing<'_> {
    /// The next objects, in the order of the service; none at the end.
    pub async fn page(&mut self) -> Result<Option<Vec<Listed>>, S3Error> {
        while !self.ended {
            let next = self.next.as_deref();
            let call = || self.endpoint.calls.list(&self.prefix, next, PAGE);
            let page = self.endpoint.tried("list", &self.prefix, call).await?;
            // A page that leads to itself would lead in a circle.
            self.ended = page.next.is_none() || page.next == self.next;
            self.next = page.next;
            if !page.objects.is_empty() {
                return Ok(Some(page.objects));
            }
        }
        Ok(None)
    }
}

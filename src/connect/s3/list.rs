//! Listings: as many keys as there are, a page at a time.

use super::Endpoint;
use super::Listed;
use super::Location;
use super::S3Error;

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

impl Endpoint {
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

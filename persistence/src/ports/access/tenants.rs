//! Tenants, the customers of an installation.

use crate::ports::Result;
use domain::access::tenant::Tenant;
use domain::core::change::Change;
use domain::core::id::TenantId;
use domain::policy::Sealed;

/// Tenants. Only `tenant_by_slug` and `tenants` read beyond the unit's own tenant.
pub trait Tenants {
    /// The unit's own tenant.
    fn tenant(&mut self) -> Result<Option<Sealed<Tenant>>>;
    /// The id of the tenant with the short name that people sign in with.
    fn tenant_by_slug(&mut self, slug: &str) -> Result<Option<TenantId>>;
    /// Every tenant of the installation, ordered by slug.
    fn tenants(&mut self) -> Result<Vec<Tenant>>;
    /// Creates the unit's tenant, with an empty ledger.
    fn create_tenant(&mut self, change: Change<Tenant>) -> Result<()>;
    /// Saves the unit's tenant, guarded by its version.
    fn update_tenant(&mut self, change: Change<Tenant>) -> Result<()>;
}

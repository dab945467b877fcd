//! Functions of tenants, as they are edited, and their snapshots: numbered, never changed, made when a flow is published
//! (spec/dialai.md §7.1, §7.7; rows DA-J11 to DA-J14). Does not run them.

use std::collections::BTreeMap;

use dialogue::flow::{
    function::{Code, FunctionDocument},
    function_faults,
    version::{PinnedFunction, imports},
};
use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, Key, Store};

use crate::{
    agents::Agents,
    documents::{DocumentError, Kind, Together, Versioned, new_id, now},
};

/// Functions of a tenant. All of them are read when a flow is published.
const MOST_FUNCTIONS: usize = 1_000;

/// A function of a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// Names it in flows.
    pub id: String,
    /// As it is edited.
    pub function: FunctionDocument,
    /// How many snapshots there are; they are numbered from 1.
    pub snapshots: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A function as it was when a flow was published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// From 1.
    pub number: u32,
    /// When it was made.
    pub at: Timestamp,
    /// The function.
    pub function: FunctionDocument,
}

/// Which functions are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionFilter {
    /// Only those with this tag, whatever its case.
    pub tag: Option<String>,
    /// Only those that are this built-in integration.
    pub integration: Option<String>,
}

impl FunctionFilter {
    fn lets_through(&self, function: &FunctionDocument) -> bool {
        let has = |tag: &String| function.tags.iter().any(|own| own.to_lowercase() == tag.to_lowercase());
        let is = |name: &String| matches!(&function.code, Code::Integration { integration, .. } if integration == name);
        self.tag.as_ref().is_none_or(has) && self.integration.as_ref().is_none_or(is)
    }
}

/// The functions of tenants.
#[derive(Clone)]
pub struct Functions {
    functions: Kind,
    snapshots: Kind,
}

impl Functions {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        let kind = |name| Kind { store: store.clone(), name };
        Self { functions: kind("function"), snapshots: kind("function.snapshot") }
    }

    /// The functions of a tenant that a filter lets through, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId, filter: &FunctionFilter) -> Result<Vec<Function>, DocumentError> {
        let all = self.functions.list::<Function>(tenant).await?;
        Ok(all.into_iter().filter(|function| filter.lets_through(&function.function)).collect())
    }

    /// All functions of a tenant as they are now, by id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn documents(&self, tenant: &TenantId) -> Result<BTreeMap<String, FunctionDocument>, DocumentError> {
        let all = self.functions.list::<Function>(tenant).await?;
        Ok(all.into_iter().map(|function| (function.id, function.function)).collect())
    }

    /// One function.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, id: &str) -> Result<Versioned<Function>, DocumentError> {
        self.functions.need(tenant, id).await
    }

    /// Makes a function.
    ///
    /// # Errors
    /// [`DocumentError::Unsound`]; when the tenant has another of this name, or too many; when the store fails.
    pub async fn create(
        &self,
        tenant: &TenantId,
        function: FunctionDocument,
    ) -> Result<Versioned<Function>, DocumentError> {
        DocumentError::unless_sound("function", function_faults(&function))?;
        within_bounds(self.functions.list::<Function>(tenant).await?.len() + 1)?;
        self.write(tenant, new_function(new_id().to_string(), function), Expect::New).await
    }

    /// Adds a function under an id that was chosen for it to what is made together. `count` is how many the tenant has
    /// with it.
    pub(crate) fn add(
        &self,
        id: String,
        function: FunctionDocument,
        count: usize,
        together: &mut Together,
    ) -> Result<(), DocumentError> {
        DocumentError::unless_sound("function", function_faults(&function))?;
        within_bounds(count)?;
        self.set(&new_function(id, function), Expect::New, together)
    }

    /// Replaces a function that is at this version. Published flows go on with their snapshots.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::Unsound`], [`DocumentError::Conflict`]; when another has its name;
    /// [`DocumentError::InUse`] when a library that others import would be no library of that name any more.
    pub async fn replace(
        &self,
        tenant: &TenantId,
        id: &str,
        function: FunctionDocument,
        version: u64,
    ) -> Result<Versioned<Function>, DocumentError> {
        let Versioned { value: before, .. } = self.need(tenant, id).await?;
        DocumentError::unless_sound("function", function_faults(&function))?;
        let stays = before.function.name == function.name && matches!(function.code, Code::Library { .. });
        if matches!(before.function.code, Code::Library { .. }) && !stays {
            self.refuse_while_imported(tenant, &before).await?;
        }
        let function = Function { function, updated_at: now(), ..before };
        self.write(tenant, function, Expect::Version(version)).await
    }

    /// Deletes a function that no draft names and no function imports. Published flows go on with their snapshots,
    /// which they hold themselves.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::InUse`].
    pub async fn delete(&self, tenant: &TenantId, id: &str, agents: &Agents) -> Result<Function, DocumentError> {
        let Versioned { value: function, .. } = self.need(tenant, id).await?;
        let naming = agents.naming_function(tenant, id).await?;
        if !naming.is_empty() {
            let by = naming.iter().map(|agent| format!("flow `{}` ({})", agent.name, agent.id)).collect();
            return Err(DocumentError::InUse { kind: "function", id: id.to_owned(), by });
        }
        self.refuse_while_imported(tenant, &function).await?;
        // The function itself first: snapshots of none are never read.
        if !self.functions.delete(tenant, id).await? {
            return Err(DocumentError::not_found("function", id));
        }
        for number in 1..=function.snapshots {
            self.snapshots.delete(tenant, &snapshot_id(id, number)).await?;
        }
        Ok(function)
    }

    async fn refuse_while_imported(&self, tenant: &TenantId, library: &Function) -> Result<(), DocumentError> {
        if !matches!(library.function.code, Code::Library { .. }) {
            return Ok(());
        }
        let all = self.functions.list::<Function>(tenant).await?;
        let importing = all.iter().filter(|one| one.id != library.id && imports(&one.function, &library.function.name));
        let by: Vec<_> = importing.map(|one| format!("function `{}` ({})", one.function.name, one.id)).collect();
        if by.is_empty() { Ok(()) } else { Err(DocumentError::InUse { kind: "library", id: library.id.clone(), by }) }
    }

    /// The snapshot of a function as it is now. Where it changed since the last, a new one is added to what is made
    /// together, which must not have one of the same function yet.
    pub(crate) async fn pin(
        &self,
        tenant: &TenantId,
        id: &str,
        together: &mut Together,
    ) -> Result<PinnedFunction, DocumentError> {
        let Versioned { value: function, version, .. } = self.need(tenant, id).await?;
        if function.snapshots > 0 {
            let last = self.snapshots.get::<Snapshot>(tenant, &snapshot_id(id, function.snapshots)).await?;
            if let Some(last) = last.filter(|last| last.value.function == function.function) {
                return Ok(PinnedFunction { snapshot: last.value.number, function: last.value.function });
            }
        }
        let number = function.snapshots + 1;
        let snapshot = Snapshot { number, at: now(), function: function.function.clone() };
        // The function's version guards the number: what lies under one that it does not count is nobody's.
        together.put(&self.snapshots, &snapshot_id(id, number), &snapshot, &[], Expect::Any)?;
        self.set(&Function { snapshots: number, ..function }, Expect::Version(version), together)?;
        Ok(PinnedFunction { snapshot: number, function: snapshot.function })
    }

    /// The snapshots of a function, oldest first.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn snapshots(&self, tenant: &TenantId, id: &str) -> Result<Vec<Snapshot>, DocumentError> {
        let Versioned { value: function, .. } = self.need(tenant, id).await?;
        let mut snapshots = Vec::new();
        for number in 1..=function.snapshots {
            snapshots.extend(self.snapshots.get(tenant, &snapshot_id(id, number)).await?.map(|found| found.value));
        }
        Ok(snapshots)
    }

    /// One snapshot of a function.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn snapshot(&self, tenant: &TenantId, id: &str, number: u32) -> Result<Snapshot, DocumentError> {
        let Versioned { value: function, .. } = self.need(tenant, id).await?;
        if number == 0 || number > function.snapshots {
            return Err(DocumentError::not_found("snapshot", number));
        }
        Ok(self.snapshots.need(tenant, &snapshot_id(id, number)).await?.value)
    }

    /// Adds a function as it is to be to what is changed together.
    fn set(&self, function: &Function, expect: Expect, together: &mut Together) -> Result<(), DocumentError> {
        let name = function.function.name.to_lowercase();
        together.put(&self.functions, &function.id, function, &[Key::unique_in_tenant("name", &name)], expect)
    }

    async fn write(
        &self,
        tenant: &TenantId,
        function: Function,
        expect: Expect,
    ) -> Result<Versioned<Function>, DocumentError> {
        let name = function.function.name.to_lowercase();
        let keys = [Key::unique_in_tenant("name", &name)];
        let version = self.functions.put(tenant, &function.id, &function, &keys, expect).await?;
        let updated_at = function.updated_at;
        Ok(Versioned { value: function, version, updated_at })
    }
}

fn new_function(id: String, function: FunctionDocument) -> Function {
    let at = now();
    Function { id, function, snapshots: 0, created_at: at, updated_at: at }
}

fn within_bounds(count: usize) -> Result<(), DocumentError> {
    if count <= MOST_FUNCTIONS {
        return Ok(());
    }
    let complaint = format!("a tenant has at most {MOST_FUNCTIONS} functions: delete one");
    Err(DocumentError::invalid("functions", complaint))
}

fn snapshot_id(function: &str, number: u32) -> String {
    format!("{function}/{number}")
}

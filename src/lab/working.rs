//! The memory while it is worked with: shared until somebody changes it, since most calls only look.

use super::memory::Memory;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// The memory, which is copied at its first change.
#[derive(Clone, Debug)]
pub(super) struct Working(Arc<Memory>);

impl Working {
    pub(super) fn shared(memory: &Arc<Memory>) -> Self {
        Self(Arc::clone(memory))
    }

    /// It as it is now, to be shared.
    pub(super) fn share(&self) -> Arc<Memory> {
        Arc::clone(&self.0)
    }

    /// Whether it is as it was.
    pub(super) fn is(&self, former: &Arc<Memory>) -> bool {
        Arc::ptr_eq(&self.0, former) || self.0 == *former
    }

    pub(super) fn into_memory(self) -> Memory {
        Arc::unwrap_or_clone(self.0)
    }
}

impl From<Memory> for Working {
    fn from(memory: Memory) -> Self {
        Self(Arc::new(memory))
    }
}

impl Deref for Working {
    type Target = Memory;

    fn deref(&self) -> &Memory {
        &self.0
    }
}

impl DerefMut for Working {
    fn deref_mut(&mut self) -> &mut Memory {
        Arc::make_mut(&mut self.0)
    }
}

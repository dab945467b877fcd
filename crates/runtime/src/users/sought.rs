//! Which users somebody looks for (row D18), and who may be routed conversations (row D17).

use super::{Status, User};

/// What users are looked for by; what is none is any.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// A part of what they are called, their first and last name included, without regard to case.
    pub name: Option<String>,
    /// A part of their e-mail address, without regard to case.
    pub email: Option<String>,
    /// Whether they are there.
    pub status: Option<Status>,
    /// The id of a role that they hold.
    pub role: Option<String>,
    /// Whether conversations may be routed to them.
    pub csr: Option<bool>,
    /// Those who were deleted, in place of those who were not.
    pub deleted: bool,
}

impl Sought {
    /// Whether somebody is looked for.
    pub fn fits(&self, user: &User) -> bool {
        let names = [Some(user.name.as_str()), user.first_name.as_deref(), user.last_name.as_deref()];
        self.deleted == user.deleted_at.is_some()
            && self.name.as_deref().is_none_or(|part| names.into_iter().flatten().any(|name| contains(name, part)))
            && self.email.as_deref().is_none_or(|part| user.address().is_some_and(|email| contains(email, part)))
            && self.status.is_none_or(|status| user.desk.status == status)
            && self.role.as_deref().is_none_or(|role| user.roles.iter().any(|held| held == role))
            && self.csr.is_none_or(|csr| routable(user) == csr)
    }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.trim().to_lowercase())
}

/// Whether conversations may be routed to somebody at all (row D17): never without the CSR flag, and never to who was
/// deleted. Whether they take one now is a question of their status and of how many they have.
pub fn routable(user: &User) -> bool {
    user.desk.csr && user.deleted_at.is_none()
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use proptest::{prelude::*, sample::select};

    use super::*;
    use crate::users::Desk;

    fn user(desk: Desk, deleted: bool) -> User {
        User {
            id: "1".to_owned(),
            name: "ada".to_owned(),
            first_name: Some("Ada".to_owned()),
            last_name: Some("Lovelace".to_owned()),
            email: Some("countess@example.com".to_owned()),
            roles: vec!["editor".to_owned()],
            desk,
            created_at: Timestamp::from_seconds(0),
            deleted_at: deleted.then(|| Timestamp::from_seconds(1)),
        }
    }

    proptest! {
        #[test]
        fn da_d17_who_has_no_csr_flag_is_never_routed_to(
            csr: bool,
            deleted: bool,
            status in select(Status::ALL.to_vec()),
            voice_calls: bool,
            max_chats in 0u8..=10,
            max_emails in 0u8..=10,
            skills in proptest::collection::vec("[a-z]{1,8}", 0..4),
        ) {
            let desk = Desk { csr, status, skills, voice_calls, max_chats, max_emails, ..Desk::default() };
            let user = user(desk, deleted);
            prop_assert_eq!(routable(&user), csr && !deleted);
            let listed = Sought { csr: Some(true), deleted, ..Sought::default() }.fits(&user);
            prop_assert!(!listed || csr, "who may be routed conversations is listed without the flag");
        }
    }

    #[test]
    fn da_d18_all_that_is_asked_for_must_hold() {
        let ada = user(Desk { csr: true, status: Status::Busy, ..Desk::default() }, false);
        let text = |text: &str| Some(text.to_owned());
        let fits = [
            Sought::default(),
            Sought { name: text("ADA"), ..Sought::default() },
            Sought { name: text("love"), email: text("Example"), ..Sought::default() },
            Sought { status: Some(Status::Busy), role: text("editor"), csr: Some(true), ..Sought::default() },
        ];
        let does_not = [
            Sought { name: text("countess"), ..Sought::default() },
            Sought { name: text("ada"), email: text("ada"), ..Sought::default() },
            Sought { status: Some(Status::Available), ..Sought::default() },
            Sought { role: text("edit"), ..Sought::default() },
            Sought { csr: Some(false), ..Sought::default() },
            Sought { deleted: true, ..Sought::default() },
        ];
        assert!(fits.iter().all(|sought| sought.fits(&ada)));
        for sought in does_not {
            assert!(!sought.fits(&ada), "{sought:?}");
        }
    }
}

//! What the command line does with people: users of a tenant, the roles that they hold, and accounts that they sign in
//! with.

use clap::Subcommand;
use model::TenantId;
use runtime::users::Role;

use super::Of;

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add somebody and print their id
    Create {
        #[command(flatten)]
        of: Of,
        /// A name or an e-mail address; unique in the tenant, whatever the case
        name: String,
        /// What they may do: the id of a role, such as admin, editor or read_only; once for each role
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
    },
    /// List the users, one per line
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Give somebody other roles; their tokens have them at once
    Role {
        #[command(flatten)]
        of: Of,
        /// Their id, or their name
        #[arg(value_name = "ID")]
        user: String,
        /// What they may do from now on: ids of roles
        #[arg(required = true, value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// Delete somebody: ends their tokens and what they are signed in to; what they did stays
    Delete {
        #[command(flatten)]
        of: Of,
        /// Their id, or their name
        #[arg(value_name = "ID")]
        user: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// List the roles, one per line: id, whether it is built in, number of scopes, name
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Print a role and its scopes, one per line; admin has all that there are
    Show {
        #[command(flatten)]
        of: Of,
        /// Its id, or its name
        #[arg(value_name = "ROLE")]
        role: String,
    },
    /// Make a role and print its id; it can be given to people at once
    Create {
        #[command(flatten)]
        of: Of,
        /// What people call it; unlike all other roles, whatever the case
        name: String,
        /// What it is for
        #[arg(long, default_value = "")]
        description: String,
        /// What who holds it may do, such as flows:publish; once for each scope
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
    },
    /// Change a role of the tenant's own; who holds it has the new scopes at once. What is left out stays
    Set {
        #[command(flatten)]
        of: Of,
        /// Its id, or its name
        #[arg(value_name = "ROLE")]
        role: String,
        /// What people are to call it
        #[arg(long)]
        name: Option<String>,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        /// All that who holds it may do from now on; once for each scope
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
    },
    /// Delete a role of the tenant's own that nobody holds
    Delete {
        #[command(flatten)]
        of: Of,
        /// Its id, or its name
        #[arg(value_name = "ROLE")]
        role: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account; with a tenant also its user there
    Create {
        /// The person's e-mail address
        email: String,
        /// What they are called
        #[arg(long, default_value = "")]
        name: String,
        /// The tenant that they are to work with
        #[arg(long)]
        tenant: Option<TenantId>,
        /// What they may do there
        #[arg(long, default_value = "editor", requires = "tenant")]
        role: Role,
    },
    /// Make an account a user of a tenant
    Join {
        #[command(flatten)]
        of: Of,
        /// The account's e-mail address
        email: String,
        /// What they may do there; a user that is there keeps its role
        #[arg(long, default_value = "editor")]
        role: Role,
    },
    /// Set an account's password, read from standard input; whatever it was signed in to ends
    Password {
        /// The account's e-mail address
        email: String,
    },
    /// Ask an account for no second factor any more: for somebody who lost device and recovery codes
    ResetSecondFactor {
        /// The account's e-mail address
        email: String,
    },
    /// List the accounts, one per line
    List,
    /// Delete an account; its users in tenants stay
    Delete {
        /// The account's e-mail address
        email: String,
    },
}

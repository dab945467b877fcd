//! The tenant's look in the pages that people open: title, icon in the chat's head, bar beside the chat
//! (rows DA-D1, DA-D2, DA-W13).
//!
//! All of it is markup and style of the page around the chat, so that the chat itself does not grow by what most
//! tenants do not use. A picture stands on a ground of its own, so it can be seen whatever the chat's colours are.

use std::fmt::Write;

use model::TenantId;
use runtime::branding::{Branding, Place, Slot, Variant};
use serde_json::{Map, Value};

use crate::{
    api::branding::address,
    directory::{KnownAgent, KnownTenant},
    opendialog::appearance,
};

/// How a page for visitors looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    tenant: &'a TenantId,
    /// What people call the tenant.
    name: &'a str,
    branding: &'a Branding,
    /// The theme that the agent's settings force on every visitor.
    theme: Option<Variant>,
    /// Whether the chat's head is free for the tenant's icon.
    icon: bool,
    /// Whether there is room beside the chat.
    bar: bool,
}

impl<'a> Look<'a> {
    /// That of a tenant.
    pub(super) fn of(tenant: &'a KnownTenant) -> Self {
        Self::new(tenant.id(), name(tenant), &tenant.branding)
    }

    /// That of a branding; `name` is what people call the tenant.
    pub(super) fn new(tenant: &'a TenantId, name: &'a str, branding: &'a Branding) -> Self {
        Self { tenant, name, branding, theme: None, icon: true, bar: true }
    }

    /// With what the agent's settings say otherwise.
    pub(super) fn for_agent(self, agent: &KnownAgent) -> Self {
        let general = agent.settings.appearance.get("general");
        let text = |name| general.and_then(|general| general.get(name)).and_then(Value::as_str);
        let theme = Variant::ALL.into_iter().find(|variant| text("theme") == Some(variant.as_str()));
        Self { theme, icon: self.icon && text("logo").is_none_or(str::is_empty), ..self }
    }

    /// Inside a frame, where there is no room beside the chat.
    pub(super) fn framed(self) -> Self {
        Self { bar: false, ..self }
    }

    /// In the theme that the address asks for, if it asks for one.
    pub(super) fn in_theme(self, theme: Option<Variant>) -> Self {
        Self { theme: theme.or(self.theme), ..self }
    }

    /// The tenant's name in paths.
    pub(super) fn tenant(&self) -> &'a str {
        self.tenant.as_str()
    }

    /// The colours of a chat that no agent's settings change, as style: the widget takes them from the page.
    pub(super) fn colours(&self) -> String {
        let all = appearance::complete(&Map::new(), self.branding.palette.as_ref());
        let colours = all.get("colours").and_then(Value::as_object).into_iter().flatten();
        let declarations = colours.filter_map(|(name, colour)| Some(format!("--c-{name}: {}; ", colour.as_str()?)));
        format!(":root {{ {}}}\n", declarations.collect::<String>())
    }

    /// The page with this look.
    pub(super) fn dress(&self, page: &str) -> String {
        let title = self.branding.display_name.as_deref().map(|name| format!("<title>{}</title>", escape(name)));
        let mut style = String::new();
        if self.icon {
            style.push_str(&self.icon_style());
        }
        let bar = if self.bar { self.bar() } else { None };
        if let Some((bar_style, _)) = &bar {
            style.push_str(bar_style);
        }
        let mut page = match title {
            Some(title) => page.replacen("<title>Chat</title>", &title, 1),
            None => page.to_owned(),
        };
        if !style.is_empty() {
            page = page.replacen("</head>", &format!("<style>\n{style}</style>\n</head>"), 1);
        }
        match bar {
            Some((_, markup)) => page.replacen("<body>", &format!("<body>\n{markup}"), 1),
            None => page,
        }
    }

    /// Which picture of a slot is shown: in the light, and in the dark if that is another one.
    fn shown(&self, slot: Slot) -> Option<(Place, Option<Place>)> {
        let best = |wanted| {
            let [light, dark] = Variant::ALL;
            let order = if wanted == light { [light, dark] } else { [dark, light] };
            order.map(|variant| Place { slot, variant }).into_iter().find(|place| self.branding.logo(*place).is_some())
        };
        if let Some(theme) = self.theme {
            return Some((best(theme)?, None));
        }
        let (light, dark) = (best(Variant::Light)?, best(Variant::Dark)?);
        Some((light, (dark != light).then_some(dark)))
    }

    /// Declarations of the root for what is shown, in the dark others.
    fn by_theme(slot: (Place, Option<Place>), declarations: impl Fn(Place) -> String) -> String {
        let mut style = format!(":root {{ {} }}\n", declarations(slot.0));
        if let Some(dark) = slot.1 {
            let dark = declarations(dark);
            writeln!(style, "@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}").expect("memory takes text");
        }
        style
    }

    fn address(&self, place: Place) -> String {
        let digest = self.branding.logo(place).map(|logo| logo.digest.as_str()).unwrap_or_default();
        escape(&address(self.tenant, place, digest))
    }

    fn icon_style(&self) -> String {
        let Some(shown) = self.shown(Slot::ChatHeaderIcon) else { return String::new() };
        let declarations = |place: Place| {
            let ground = Ground::of(place.variant).paper;
            format!("--parlance-icon: {ground} url(\"{}\") center / 24px no-repeat;", self.address(place))
        };
        Self::by_theme(shown, declarations) + ICON
    }

    /// The style and the markup of the bar beside the chat, where there is a logo for it.
    fn bar(&self) -> Option<(String, String)> {
        let shown = self.shown(Slot::SidebarHeaderLogo)?;
        let declarations = |place: Place| {
            let Ground { paper, ink, edge } = Ground::of(place.variant);
            format!("--parlance-paper: {paper}; --parlance-ink: {ink}; --parlance-edge: {edge};")
        };
        let (picture, name) = (self.picture_of(shown, 64), escape(self.name));
        let markup = format!("<aside class=\"parlance-bar\" aria-label=\"{name}\">\n{picture}<p>{name}</p>\n</aside>");
        Some((Self::by_theme(shown, declarations) + BAR, markup))
    }

    /// A slot's logo for the viewer's theme. The name stands beside it as text, so it has none itself.
    pub(super) fn picture(&self, slot: Slot, height: u32) -> Option<String> {
        self.shown(slot).map(|shown| self.picture_of(shown, height))
    }

    fn picture_of(&self, (light, dark): (Place, Option<Place>), height: u32) -> String {
        let dark = dark
            .map(|dark| format!("<source srcset=\"{}\" media=\"(prefers-color-scheme: dark)\">", self.address(dark)));
        let (dark, light) = (dark.unwrap_or_default(), self.address(light));
        format!("<picture>{dark}<img src=\"{light}\" alt=\"\" height=\"{height}\"></picture>\n")
    }
}

/// What a logo stands on.
struct Ground {
    paper: &'static str,
    ink: &'static str,
    edge: &'static str,
}

impl Ground {
    const fn of(variant: Variant) -> Self {
        match variant {
            Variant::Light => Self { paper: "#ffffff", ink: "#1d2433", edge: "#dfe3ec" },
            Variant::Dark => Self { paper: "#161a24", ink: "#e8ebf3", edge: "#2c3345" },
        }
    }
}

const ICON: &str = "\
parlance-chat::part(header)::before { content: \"\"; flex: none; width: 32px; height: 32px; margin-inline-end: 8px; border-radius: 8px; background: var(--parlance-icon); }
";

const BAR: &str = "\
.parlance-bar { display: none; }
@media (min-width: 900px) {
.parlance-bar { display: block; position: fixed; inset-block: 0; inset-inline-start: 0; width: 260px; box-sizing: border-box; padding: 24px; overflow: auto; background: var(--parlance-paper); color: var(--parlance-ink); border-inline-end: 1px solid var(--parlance-edge); font: 15px/1.5 system-ui, \"Segoe UI\", Roboto, sans-serif; }
.parlance-bar img { display: block; width: auto; max-width: 100%; }
.parlance-bar p { margin: 16px 0 0; font-weight: 600; overflow-wrap: break-word; }
parlance-chat[mode=page] { inset-inline-start: 260px; }
}
";

/// What people call a tenant.
fn name(tenant: &KnownTenant) -> &str {
    let own = || Some(tenant.tenant.name.as_str()).filter(|name| !name.is_empty());
    tenant.branding.display_name.as_deref().or_else(own).unwrap_or(tenant.id().as_str())
}

/// Text as it stands in markup and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The page as the widget's build copies it.
    const PAGE: &str = include_str!("../../../../web/widget/public/page.html");
    /// What the widget's own tests take for a page of a tenant with logos.
    const BRANDED: &str = include_str!("../../../../web/widget/test/pages/branded.html");

    fn branding(name: Option<&str>, logos: &[(Slot, &str)]) -> Branding {
        let mut stored = json!({ "display_name": name, "logos": {} });
        for (slot, variant) in logos {
            let digest = format!("{variant}1");
            stored["logos"][slot.as_str()][variant] =
                json!({ "kind": "png", "size": 1, "digest": digest, "updated_at": 0 });
        }
        serde_json::from_value(stored).expect("a branding")
    }

    fn dressed(branding: &Branding, change: impl Fn(&mut Look<'_>)) -> String {
        let tenant = "demo".parse().expect("a tenant");
        let name = branding.display_name.as_deref().unwrap_or("Demo");
        let mut look = Look::new(&tenant, name, branding);
        change(&mut look);
        look.dress(PAGE)
    }

    #[test]
    fn da_w13_icon_and_logo_stand_in_the_page_by_the_viewers_theme() {
        let all = [Slot::ChatHeaderIcon, Slot::SidebarHeaderLogo]
            .into_iter()
            .flat_map(|slot| [(slot, "light"), (slot, "dark")])
            .collect::<Vec<_>>();
        assert_eq!(dressed(&branding(Some("The Lighthouse Inn"), &all), |_| {}), BRANDED);
    }

    #[test]
    fn da_w13_a_forced_theme_shows_its_picture_and_one_picture_serves_both() {
        let both = branding(None, &[(Slot::ChatHeaderIcon, "light"), (Slot::ChatHeaderIcon, "dark")]);
        let dark = dressed(&both, |look| look.theme = Some(Variant::Dark));
        assert!(dark.contains("chat_header_icon/dark?v=dark1") && !dark.contains("chat_header_icon/light"), "{dark}");
        assert!(!dark.contains("prefers-color-scheme"), "{dark}");
        let one = dressed(&branding(None, &[(Slot::ChatHeaderIcon, "dark")]), |_| {});
        assert!(one.contains("#161a24 url(") && !one.contains("prefers-color-scheme"), "{one}");
    }

    #[test]
    fn da_w13_without_logos_or_room_for_them_the_page_is_as_it_was() {
        assert_eq!(dressed(&branding(None, &[]), |_| {}), PAGE);
        let application = branding(None, &[(Slot::ApplicationHeader, "light")]);
        assert_eq!(dressed(&application, |_| {}), PAGE);
        let all = branding(None, &[(Slot::ChatHeaderIcon, "light"), (Slot::SidebarHeaderLogo, "light")]);
        let none = |look: &mut Look<'_>| (look.icon, look.bar) = (false, false);
        assert_eq!(dressed(&all, none), PAGE);
        let framed = dressed(&all, |look| *look = look.framed());
        assert!(framed.contains("chat_header_icon") && !framed.contains("parlance-bar"), "{framed}");
    }

    #[test]
    fn da_d01_the_display_name_is_the_title_whatever_is_in_it() {
        let page = dressed(&branding(Some("</title><script>\"&"), &[(Slot::SidebarHeaderLogo, "dark")]), |_| {});
        assert!(page.contains("<title>&lt;/title&gt;&lt;script&gt;&quot;&amp;</title>"), "{page}");
        assert!(page.contains("aria-label=\"&lt;/title&gt;&lt;script&gt;&quot;&amp;\""), "{page}");
        assert_eq!(page.matches("<script").count(), PAGE.matches("<script").count());
        assert!(dressed(&Branding::default(), |_| {}).contains("<title>Chat</title>"));
    }
}

//! The address that a request comes from.

use actix_web::HttpRequest;
use actix_web::dev::RequestHead;
use actix_web::http::header::HeaderName;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client. Behind `proxies` proxies of our own it is the address that the
/// outermost of them recorded; anything left of it may be forged.
pub fn address(head: &RequestHead, proxies: usize) -> Option<IpAddr> {
    let peer = head.peer_addr.map(|address| address.ip());
    if proxies == 0 {
        return peer;
    }
    let lists: Vec<_> =
        head.headers.get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect();
    let noted = lists.iter().rev().flat_map(|list| list.rsplit(',')).nth(proxies - 1);
    noted.and_then(|text| read(text.trim())).or(peer)
}

/// The reason why the configured number of proxies seems wrong, judged by a request. With a wrong
/// number, limits per address would slow down everybody behind a proxy because of one client.
pub fn doubt(head: &RequestHead, proxies: usize) -> Option<&'static str> {
    let noted = head.headers.get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok());
    let noted = noted.flat_map(|list| list.split(',')).count();
    let peer = head.peer_addr?.ip().to_canonical();
    let is_near = match peer {
        IpAddr::V4(address) => address.is_private() || address.is_loopback(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_loopback(),
    };
    if proxies == 0 && noted > 0 && is_near {
        Some(
            "requests come through a proxy that EVENHAND_PROXIES does not count: all its \
             clients count as one address",
        )
    } else if noted < proxies {
        Some(
            "requests come through fewer proxies than EVENHAND_PROXIES says: clients can forge \
             their address",
        )
    } else {
        None
    }
}

/// The network of one subscriber: an IPv6 subscriber has all 2^64 addresses of a /64.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

/// The network that a request comes from.
pub fn source(request: &HttpRequest, proxies: usize) -> IpAddr {
    network(address(request.head(), proxies).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
}

fn read(text: &str) -> Option<IpAddr> {
    let bare = text.parse().ok();
    bare.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_what_our_own_proxies_wrote_is_believed() {
        let request = TestRequest::default()
            .peer_addr("192.0.2.1:9".parse().unwrap())
            .insert_header(("X-Forwarded-For", "6.6.6.6, 203.0.113.7"))
            .append_header(("X-Forwarded-For", "[2001:db8::1]:443"))
            .to_srv_request();
        let seen = |proxies| address(request.head(), proxies).unwrap().to_string();
        assert_eq!(seen(0), "192.0.2.1");
        assert_eq!(seen(1), "2001:db8::1");
        assert_eq!(seen(2), "203.0.113.7");
        assert_eq!(seen(9), "192.0.2.1");
    }

    #[test]
    fn a_wrong_number_of_proxies_is_noticed() {
        let doubt = |peer: &str, noted: &str, proxies| {
            let request = TestRequest::default().peer_addr(peer.parse().unwrap());
            let request = match noted {
                "" => request,
                noted => request.insert_header(("X-Forwarded-For", noted)),
            };
            doubt(request.to_srv_request().head(), proxies)
        };
        assert!(doubt("10.0.0.1:9", "203.0.113.7", 0).is_some_and(|it| it.contains("one address")));
        assert!(doubt("203.0.113.9:9", "203.0.113.7", 0).is_none(), "anybody may send the header");
        assert!(doubt("10.0.0.1:9", "", 0).is_none());
        assert!(doubt("10.0.0.1:9", "203.0.113.7", 1).is_none());
        assert!(doubt("10.0.0.1:9", "203.0.113.7", 2).is_some_and(|it| it.contains("forge")));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_source() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3::4"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
    }
}

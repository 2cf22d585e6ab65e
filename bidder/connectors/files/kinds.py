"""Every kind of export that is recognised. The first whose columns are all there is taken: the more special first."""

from __future__ import annotations

from bidder.connectors.files import ab_test, amazon_sp, facebook_adwords, generic, online_ads, taobao
from bidder.connectors.files.export import Export

__all__ = ["EXPORTS"]

EXPORTS: tuple[Export, ...] = (
    amazon_sp.ADVERTISED_PRODUCT,
    amazon_sp.CAMPAIGN,
    taobao.ITEM,
    taobao.PLAN,
    taobao.SCENE,
    online_ads.ONLINE_ADS,
    facebook_adwords.FACEBOOK_ADWORDS,
    ab_test.AB_TEST,
    generic.GENERIC,
)

"""Every kind of export that is recognised. The first whose columns are all there is taken: the more special first."""

from __future__ import annotations

from bidder.connectors.files import (
    ab_test,
    amazon_business,
    amazon_sp,
    analytics,
    business_advisor,
    erp_stock,
    facebook_adwords,
    generic,
    google_ads,
    jingzhuntong,
    meta_ads,
    online_ads,
    pinduoduo,
    qianchuan,
    shopify_orders,
    taobao,
    taobao_ledger,
)
from bidder.connectors.files.export import Export

__all__ = ["EXPORTS"]

EXPORTS: tuple[Export, ...] = (
    amazon_sp.ADVERTISED_PRODUCT,
    amazon_sp.SEARCH_TERM,
    amazon_sp.CAMPAIGN,
    amazon_business.BY_ASIN,
    amazon_business.BY_DAY,
    google_ads.GOOGLE_ADS,
    meta_ads.META_ADS,
    shopify_orders.SHOPIFY_ORDERS,
    taobao.ITEM,
    taobao.PLAN,
    taobao.SCENE,
    taobao_ledger.TAOBAO_LEDGER,
    jingzhuntong.JINGZHUNTONG,
    pinduoduo.PRODUCT,
    pinduoduo.ACCOUNT,
    qianchuan.QIANCHUAN,
    business_advisor.GOODS,
    business_advisor.SOURCES,
    business_advisor.SHOP,
    erp_stock.ERP_STOCK,
    online_ads.ONLINE_ADS,
    facebook_adwords.FACEBOOK_ADWORDS,
    ab_test.AB_TEST,
    generic.GENERIC,
    analytics.GA4_ITEMS,
    analytics.GA4_CHANNELS,
    analytics.ANALYTICS,
)

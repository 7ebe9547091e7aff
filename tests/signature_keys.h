/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that were made for the tests and have signed nothing else. */
#ifndef TESTS_SIGNATURE_KEYS_H
#define TESTS_SIGNATURE_KEYS_H

#define EC_PRIVATE                                                             \
    "-----BEGIN PRIVATE KEY-----\n"                                            \
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDOEdJgzFBFXY/q+OQw\n"       \
    "T/9/oFWZBCclZsUEkd1tc6JtXtBu+li6OaFSV96/o5osWlChZANiAASmAN0+e0gP\n"       \
    "ACC/QVpKmbzziDMdrellq76X+aOc69JiUnMDhQai+GceKL0zHTqw19xmj7l1xtnO\n"       \
    "J3atqPSL3M0Idb758X3wbfNlK41+rXtp5oqpbKvRFiuXbqo/grZZT7M=\n"               \
    "-----END PRIVATE KEY-----\n"

#define EC_PUBLIC                                                              \
    "-----BEGIN PUBLIC KEY-----\n"                                             \
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEpgDdPntIDwAgv0FaSpm884gzHa3pZau+\n"       \
    "l/mjnOvSYlJzA4UGovhnHii9Mx06sNfcZo+5dcbZzid2raj0i9zNCHW++fF98G3z\n"       \
    "ZSuNfq17aeaKqWyr0RYrl26qP4K2WU+z\n"                                       \
    "-----END PUBLIC KEY-----\n"

#define RSA_PRIVATE                                                            \
    "-----BEGIN PRIVATE KEY-----\n"                                            \
    "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDZEtMdoUkH1Ujj\n"       \
    "LV1B1gSjU9xAYMpxbabxHiRi2iHhiIXJnY7O055vVegwGuL0hnUNjTbqfVAwOkLn\n"       \
    "53ki03Uaz3w3wklrP+MqCiMhCp4SsG9SupxqpobZZYoZvWdG889eapDd3+CD+TI+\n"       \
    "wD00CLnnmG4znehqZgPn7VF36ezHI6CsOCTczeZ/xG+T98sVSjZjkoRZtb1Rm5fh\n"       \
    "Bcfgslq+UHzIFwUGBIvvecd7ETaJuiGtpeNEz3uDumPr2Guc0S8Z799pYCCb9O+j\n"       \
    "mm+pSiMLIa7cl2dBxHb+yugv2CwIrgdMlDNl33BfDC1T8LA5OJ+fxBb1o51GvdSb\n"       \
    "dVc3uylTAgMBAAECggEABGFjXj0zdpOAwYjYUWxKsqsODkSFwU03qbT0ggQp292/\n"       \
    "6WYjDBxsHY4LvfDE9K9D7G6VlZzKwfZjBEABC0leGxjlxlBG4AGtiVskA1YuA22J\n"       \
    "CY/XeTV8EiYA5+0RCPcBj8OxwbBzXOZp86c4dPTaH4jNbIA6wO7nFEaPNs7DJu+R\n"       \
    "GlJ/FS0S1THa152ZnIMqOX7xzUTH8Bsc8VVyuEWlw+JW+CzHsGhHYQZ1A6gPgr+W\n"       \
    "r+WY5FHduRg6Q6aiLoFi2pcocWXSg7OE01XCAWKtIttITQi/F5hZaEO0REwRUXbB\n"       \
    "tcughvXCD7xhpNhzYUpstQ/pL/hg2aaeqlARnY3PWQKBgQDs7W+P/+x6xgdI1n9y\n"       \
    "MhEQzXZAPA8EUOWLzfBQAxEmuswHBLK1+Tw4peaVUNknDeMYwJh2rIOtHuMzsnmP\n"       \
    "h7uASZldHnMAdBGkrBy3ZoGAAgOQm2v3sh1w+nHTKfjZa8azxQYAA+qo9QIlY02t\n"       \
    "nyC/OQPmRB5p7IeradycCNLWywKBgQDqjD3nrbcfmXkBrTieKjYA+FDcOQaZFcz5\n"       \
    "45U3RD+7aWnGevKDqltinhnqOwuaaMD65Q+YKjM21YJuSaaDl7uy4iTypqDf+1wT\n"       \
    "uuL9PejECI19JAcdzqv1ipGyNCsViNq12rn7hSGWP3bXmYK8lCFcrXqNcBR6raWx\n"       \
    "xbszdwcemQKBgAKirYADj8TZ2RDlWeuSRQBT2MHkKSKaJ8ODWe356sHsiAJ3+eju\n"       \
    "Sc4zgjoc+R1nGSSYV9nSF3DgjBRyIsoG734A05Tmls7le6DCTVt4523eF94O7IeH\n"       \
    "0q4ECyoXKG56tW4gfe2YHY8dkpWJ4j5RK9MUtkdkcJYrDGNKvSp7KqU7AoGAVCDX\n"       \
    "d4k8vO3clHhgbYLweeqXflZKApDqQ9uYwwkM3xkRYqro38c0HixdWUGyiMD4L0YI\n"       \
    "EOlaE1oD/bEXM+4x2hj5bbvMymorfbwz/Oe+3MnAjllk4BEoZts8JTJHHeNHp6D7\n"       \
    "wrbe9DhxVSXv2do8GTT0V1UTU2mDnD8zRWN1P0kCgYA//xq25VcQaQN4GWneKf2j\n"       \
    "kDrUV1V/Ifaz1fHNILdLGsjafrqe+FpPJ5KERwWOh26t2ocIhig6EHftMk+aziVM\n"       \
    "bxcHPzdEcecX/0ce1GbNtm6Zpzh04sWspeJk44K3qdIFFFux4Sip+PqNdvdVvQNo\n"       \
    "6KXMjGRCOJ/cGMJvc+yRFQ==\n"                                               \
    "-----END PRIVATE KEY-----\n"

#define RSA_PUBLIC                                                             \
    "-----BEGIN PUBLIC KEY-----\n"                                             \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2RLTHaFJB9VI4y1dQdYE\n"       \
    "o1PcQGDKcW2m8R4kYtoh4YiFyZ2OztOeb1XoMBri9IZ1DY026n1QMDpC5+d5ItN1\n"       \
    "Gs98N8JJaz/jKgojIQqeErBvUrqcaqaG2WWKGb1nRvPPXmqQ3d/gg/kyPsA9NAi5\n"       \
    "55huM53oamYD5+1Rd+nsxyOgrDgk3M3mf8Rvk/fLFUo2Y5KEWbW9UZuX4QXH4LJa\n"       \
    "vlB8yBcFBgSL73nHexE2ibohraXjRM97g7pj69hrnNEvGe/faWAgm/Tvo5pvqUoj\n"       \
    "CyGu3JdnQcR2/sroL9gsCK4HTJQzZd9wXwwtU/CwOTifn8QW9aOdRr3Um3VXN7sp\n"       \
    "UwIDAQAB\n"                                                               \
    "-----END PUBLIC KEY-----\n"

#define P256_PRIVATE                                                           \
    "-----BEGIN PRIVATE KEY-----\n"                                            \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiSzPQ2ahT74t6pvl\n"       \
    "8ayRODvK1UkgL5HIfh+7E7rpBbKhRANCAASvUkQyoA5PPGwN/gnAOXcktmjBcRdO\n"       \
    "TEUKBWliY6g0lUva1lC2bNe1TK9TJD7e9B79SQduz3UzKbnChv9IfZ8c\n"               \
    "-----END PRIVATE KEY-----\n"

#define SHORT_PRIVATE                                                          \
    "-----BEGIN PRIVATE KEY-----\n"                                            \
    "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAM08hrNyDcWWBsiU\n"       \
    "hLZbzw5DUNhg5XbO063GTq9SArKwo2rh5Ac5Y7dq817FxofPZT8Ac0Djefn5hI8x\n"       \
    "wQqSp7k/CnKPuHAY+5xp3uVZBl8S6u4iHtmueGFq/wLfzPYJd6Kof0j/FkiO7hmZ\n"       \
    "g7MqVOdYhcjqMPdUOi+z5cEaKlyPAgMBAAECgYAa0n80MoK0QPAwBKD3iDYeQhPt\n"       \
    "w3QZu9wUSOd9qDUsD0O8Mztu6kQq83JM/4H7u9Iakr99Sn1lewOlBzaYYCRFKIXy\n"       \
    "k5bN0pz93FYFp8616v5ZpEYSX9hfd/1aaxMxXx7F+v9mQkVUNGv/N1gP5ls/XS2Q\n"       \
    "CXHiMWX8drr3k1svQQJBAPGW4BLQUZsFZ5iAQRxkjge0fy75wJbrFiMvQZJn3J4R\n"       \
    "RarLnoMzhwraYV3vBjCNwdEbJo+xI1C8BCFkmUXzvm8CQQDZeoiMd7GnRiU8YEkj\n"       \
    "19WYhSwRuuH6oHk1jfymNP6R3N7WBxQm1XDpmq4AH4DRJ3zK2TemNfQENHAdzf3D\n"       \
    "7lPhAkEAzpOrYIr+7KaPcchhZIzbId2GTz3CH4o/cLCMykrDS+oK/0ODdD7QP0iC\n"       \
    "r1aenU/ppgsoSwA16WgLxB4ILdeBQwJBANkANBn9IM3o5ySsaq6SIXYTg5qZX/0F\n"       \
    "fIxchfmOLWl7+vmSjKAHH6hoiDBlPtLz1MhPIAEAGuDLNgf3T7veJeECQEBIsLlh\n"       \
    "I49YsihqvUCV2KoJ9l4MKKu4zTsOaAH+Zz52+JVKMi7Tq8z9BJJiHnkmRPHGVMFk\n"       \
    "1V6FcG8Si7hGACQ=\n"                                                       \
    "-----END PRIVATE KEY-----\n"

#endif

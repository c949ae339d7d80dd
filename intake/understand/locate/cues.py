"""The words around a name that say what kind of name it is, and whether the report is about that place.

A *cue* stands right before a name ("desa", "kec.", "pak bupati"); a *setting* stands before the cue ("dari desa ...",
"perbatasan kabupaten ..."). How likely each level is after each cue is in ``LEVELS_AFTER``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Cue(IntEnum):
    """What stands right before a name."""

    BARE = 0
    LOCATIVE = 1
    VILLAGE = 2
    HAMLET = 3  # a housing estate: often named after the village it lies in
    DISTRICT = 4
    KABUPATEN = 5
    KOTA = 6
    OFFICE = 7
    PROVINCE = 8
    STREET = 9
    PERSON = 10
    COMPANY = 11
    FEATURE = 12
    ALSO_VILLAGE = 13  # the next name of a list: "desa A, B dan C"
    ALSO_DISTRICT = 14
    STREET_TAIL = 15  # behind the first word of a street's name: "jalan duren Bangka", "Jl. Sudirman Semarang"
    KAMPUNG = 17  # a village in Papua, Aceh or Lampung, a hamlet in Java
    DUSUN = 18  # a hamlet, hardly ever in the gazetteer
    PRODUCT = 16  # "bakso Malang", "merek Cianjur"
    ADDRESS = 19  # behind the number of a neighbourhood: "RT 02 RW 05 Batu Ampar"


_WORDS: Final[dict[Cue, str]] = {
    Cue.VILLAGE: (
        "desa ds dsa kelurahan kel klurahan klrhan kelurhan gampong gp gampoeng gampung keuchik geuchik nagari "
        "pekon tiyuh kalurahan lurah kades kds ohoi didesa dikelurahan sedesa bumdes"
    ),
    Cue.KAMPUNG: ("kampung kp kmp kpg kmpg kmpng kampong kamp"),
    Cue.DUSUN: ("dusun dsn dus lingkungan lingk jorong padukuhan pedukuhan dukuh"),
    Cue.HAMLET: (
        "perum perumahan prum komplek kompleks kompl komp blok kavling kav griya graha villa taman vila cluster "
        "apartemen rusun btn"
    ),
    Cue.DISTRICT: (
        "kecamatan kec kc kcmtan kecamtan kecmatan distrik distrk camat puskesmas pkm puskes polsek kapolsek "
        "koramil danramil kua kapanewon panewu kemantren dikec dikecamatan pustu sekecamatan"
    ),
    Cue.KABUPATEN: ("kabupaten kab kabptn kabupten bupati bup pemkab wabup dikabupaten sekabupaten kabupatan kabuten"),
    Cue.KOTA: ("kota walikota wako walkot pemkot kotamadya kodya wawali wawako sekota dikota kot"),
    Cue.OFFICE: (
        "rsud polres kapolres polresta polrestabes dprd kodim kejari pemda bpbd dinkes dishub disdik dlh pdam "
        "samsat lapas satpol pupr dukcapil capil dinsos disdukcapil basarnas satlantas damkar dpu dinas imigrasi "
        "kominfo perumda bawaslu kpu"
    ),
    Cue.PROVINCE: ("provinsi prov prop propinsi gubernur gub pemprov polda"),
    Cue.STREET: ("jalan jl jln jlan jaln gang gg gng lorong lrg lr ruas tol dijalan dijln dijl"),
    Cue.PERSON: (
        "pak bapak bpk bp bu ibu sdr sdri saudara saudari haji hj hajah ust ustadz ustad kyai kiai drs nama "
        "bernama mas mbak bang kang almarhum alm kopda serda serka bripka aiptu aipda briptu brigadir iptu ipda "
        "akp kompol letda kapten mayor kolonel jenderal inisial"
    ),
    Cue.COMPANY: (
        "pt cv ud toko bank hotel rm resto restoran apotek masjid musholla mushola musola langgar gereja pura "
        "ponpes pesantren yayasan koperasi mall mal plaza spbu indomaret alfamart tk paud tpq tpa kos kost warung "
        "bri bni bca mandiri universitas univ pabrik cafe kafe"
    ),
    Cue.PRODUCT: (
        "makan bakso soto sate nasi merek merk bus bis travel po ayam kopi tahu batik jeruk salak apel garam "
        "sambal mie bakmi martabak pempek kerupuk dodol rujak rendang gudeg sosis bandeng beras kursi ukir logo "
        "cap kereta ka kapal km lagu tari orang wong masakan kuliner lumpia bika bolu"
    ),
    Cue.FEATURE: (
        "kali stasiun st pasar terminal bandara pelabuhan dermaga waduk situ danau jembatan jembtn jbtn simpang "
        "bundaran pantai sdn smpn sman sd smp sma smk smkn mts mtsn rs rsu klinik gardu bendungan bendung curug "
        "perempatan pertigaan alun jpo underpass flyover das rutan tpst"
    ),
    Cue.LOCATIVE: (
        "di daerah wilayah kawasan lokasi sekitar area warga masyarakat didaerah diwilayah dekat deket dket se "
        "sekitaran seputar tepatnya lokasinya alamat posisi daerahnya penduduk dkt wil wilyah kwsn dikawasan "
        "disekitar wrg wrga masy bertempat domisili berlokasi lok"
    ),
}

# These promise a name, and of which level.
STRONG: Final = frozenset({Cue.VILLAGE, Cue.DISTRICT, Cue.KABUPATEN, Cue.KOTA, Cue.PROVINCE})

# Behind these a name is often borrowed from a place elsewhere.
BORROWED: Final = frozenset({Cue.STREET, Cue.COMPANY, Cue.PRODUCT, Cue.PERSON})

CUE_OF: Final[dict[str, Cue]] = {word: cue for cue, words in _WORDS.items() for word in words.split()}

# Words before the (cued) name that make it a place of origin, of comparison, or a direction: how likely it is, then,
# that the report is *not* about it.
ASIDE: Final[dict[str, float]] = {
    word: aside
    for aside, words in (
        (0.60, "asal perantau perantauan kelahiran merantau lahir berasal asli mantan"),
        (0.50, "kuliah dirujuk rujuk rujukan mudik pindahan liburan"),
        (0.40, "kerja bekerja pindah"),
        (0.45, "ke menuju tujuan jurusan arah kearah trayek"),
        (0.25, "dari dr from"),
        (0.60, "perbatasan berbatasan tetangga dibanding dibandingkan banding seperti kayak kaya kyk spt sperti beda"),
        (0.60, "berbeda bandingkan contoh contohnya tiru meniru mencontoh"),
        (0.70, "bukan selain kecuali"),
    )
    for word in words.split()
}

# (province, kabupaten, kota, district, village, place): chance that a name of that level stands here.
LEVELS_AFTER: Final[tuple[tuple[float, float, float, float, float, float], ...]] = (
    (0.020, 0.022, 0.022, 0.012, 0.014, 0.020),  # BARE
    (0.080, 0.090, 0.090, 0.050, 0.065, 0.090),  # LOCATIVE
    (0.000, 0.004, 0.004, 0.040, 0.800, 0.010),  # VILLAGE
    (0.000, 0.002, 0.002, 0.020, 0.100, 0.010),  # HAMLET
    (0.000, 0.003, 0.003, 0.850, 0.015, 0.020),  # DISTRICT
    (0.002, 0.900, 0.015, 0.004, 0.002, 0.030),  # KABUPATEN
    (0.002, 0.040, 0.800, 0.030, 0.010, 0.100),  # KOTA
    (0.080, 0.250, 0.250, 0.040, 0.010, 0.080),  # OFFICE
    (0.950, 0.003, 0.003, 0.001, 0.000, 0.002),  # PROVINCE
    (0.003, 0.010, 0.010, 0.015, 0.025, 0.012),  # STREET
    (0.001, 0.001, 0.001, 0.001, 0.001, 0.001),  # PERSON
    (0.010, 0.012, 0.012, 0.008, 0.006, 0.010),  # COMPANY
    (0.005, 0.030, 0.030, 0.050, 0.040, 0.040),  # FEATURE
    (0.004, 0.010, 0.010, 0.050, 0.350, 0.020),  # ALSO_VILLAGE
    (0.004, 0.015, 0.015, 0.400, 0.050, 0.020),  # ALSO_DISTRICT
    (0.015, 0.040, 0.040, 0.030, 0.020, 0.020),  # STREET_TAIL
    (0.010, 0.010, 0.010, 0.005, 0.003, 0.006),  # PRODUCT
    (0.000, 0.003, 0.003, 0.030, 0.450, 0.010),  # KAMPUNG
    (0.000, 0.002, 0.002, 0.010, 0.080, 0.010),  # DUSUN
    (0.005, 0.020, 0.020, 0.040, 0.200, 0.020),  # ADDRESS
)

# A name can never be surer than this to be a place at all: people, shops, streets and hamlets bear the same names.
# Same order of levels.
SUREST: Final[tuple[tuple[float, float, float, float, float, float], ...]] = (
    (0.97, 0.97, 0.97, 0.94, 0.80, 0.92),  # BARE
    (0.98, 0.97, 0.97, 0.93, 0.86, 0.95),  # LOCATIVE
    (0.50, 0.80, 0.80, 0.85, 0.92, 0.85),  # VILLAGE
    (0.50, 0.50, 0.50, 0.55, 0.48, 0.65),  # HAMLET
    (0.50, 0.80, 0.80, 0.985, 0.90, 0.90),  # DISTRICT
    (0.80, 0.99, 0.97, 0.90, 0.80, 0.95),  # KABUPATEN
    (0.80, 0.97, 0.99, 0.95, 0.85, 0.97),  # KOTA
    (0.95, 0.96, 0.96, 0.90, 0.60, 0.92),  # OFFICE
    (0.99, 0.80, 0.80, 0.60, 0.50, 0.60),  # PROVINCE
    (0.30, 0.30, 0.30, 0.60, 0.45, 0.40),  # STREET
    (0.20, 0.10, 0.10, 0.06, 0.05, 0.10),  # PERSON
    (0.35, 0.30, 0.30, 0.30, 0.28, 0.50),  # COMPANY
    (0.50, 0.90, 0.90, 0.86, 0.58, 0.85),  # FEATURE
    (0.50, 0.90, 0.90, 0.90, 0.90, 0.90),  # ALSO_VILLAGE
    (0.50, 0.90, 0.90, 0.95, 0.88, 0.90),  # ALSO_DISTRICT
    (0.90, 0.88, 0.88, 0.75, 0.45, 0.65),  # STREET_TAIL
    (0.20, 0.15, 0.15, 0.12, 0.08, 0.15),  # PRODUCT
    (0.50, 0.55, 0.55, 0.75, 0.78, 0.75),  # KAMPUNG
    (0.50, 0.50, 0.50, 0.40, 0.40, 0.60),  # DUSUN
    (0.90, 0.90, 0.90, 0.92, 0.88, 0.90),  # ADDRESS
)

# Words that tell a kabupaten from a kota of the same name wherever they stand: how many times likelier a kabupaten.
SPEAKS_OF_KABUPATEN: Final[dict[str, float]] = {
    word: times
    for times, words in (
        (12.0, "bupati bup pemkab wabup kabupaten kab"),
        (3.0, "kades desa ds bumdes kds didesa"),
        (1 / 12.0, "walikota wako walkot pemkot wawali kotamadya wawako kodya"),
        (1 / 2.0, "kelurahan lurah kel"),
    )
    for word in words.split()
}

# The numbers of a neighbourhood, before or behind which the village stands.
NEIGHBOURHOOD: Final = frozenset({"rt", "rw"})

# Streets are named after rivers, islands, mountains and heroes: "jalan Sungai Kampar" lies in any town.
STREET_NAMED_BY: Final = frozenset(
    {"raya", "sungai", "pulau", "gunung", "danau", "teluk", "selat", "bukit", "kapten", "letnan", "jenderal", "mayor"}
    | {"letjen", "jend", "kolonel", "brigjen", "sultan", "pangeran", "raden", "kyai", "haji", "h", "poros", "lintas"}
)

# Behind a name these make it a housing estate's.
ESTATE_WORDS: Final = frozenset(
    {"indah", "permai", "asri", "lestari", "elok", "estate", "residence", "residences", "regency", "city", "town"}
    | {"height", "heights", "hill", "hills", "garden", "gardens", "park", "village", "townhouse", "ville", "square"}
)

# Water comes from elsewhere: "banjir kiriman dari Bogor".
SENT_FROM: Final = frozenset({"kiriman", "air", "luapan", "limpahan", "debit", "asap", "angin", "abu", "limbah"})

# Words of one region: (provinces, how many times likelier one of them).
SPEAKS_OF_PROVINCES: Final[dict[str, tuple[frozenset[str], float]]] = {
    word: (frozenset(provinces.split()), times)
    for provinces, times, words in (
        ("11", 30.0, "gampong gampoeng gampung keuchik geuchik mukim meunasah"),
        ("13", 30.0, "nagari jorong"),
        ("18", 30.0, "pekon tiyuh"),
        ("34", 30.0, "kalurahan kapanewon panewu kemantren padukuhan"),
        ("51", 8.0, "perbekel subak pecalang"),
        ("91 92 93 94 95 96", 8.0, "distrik"),
        ("81", 30.0, "ohoi"),
        ("31", 8.0, "ppsu transjakarta busway"),
        ("31 32 36", 5.0, "krl commuterline"),
    )
    for word in words.split()
}

# Written short only before another word of a name: "kb jeruk", "ps minggu", "pd aren". Too short to be safe alone.
BEFORE_A_NAME: Final[dict[str, tuple[str, ...]]] = {
    "pd": ("pondok", "padang"),
    "pdk": ("pondok",),
    "kb": ("kebon", "kebun"),
    "kbn": ("kebon", "kebun"),
    "kby": ("kebayoran",),
    "klp": ("kelapa",),
    "ps": ("pasar",),
    "kr": ("karang", "kramat"),
    "krg": ("karang",),
    "lb": ("lubuk", "lebak"),
    "lbk": ("lubuk",),
    "tl": ("teluk",),
    "bd": ("bandar",),
    "sp": ("simpang",),
    "spg": ("simpang",),
    "smpg": ("simpang",),
    "ma": ("muara",),
    "mr": ("muara",),
    "m": ("muara",),
    "bt": ("batu", "batang"),
    "bkit": ("bukit",),
    "tnh": ("tanah",),
    "tn": ("tanah",),
    "pl": ("pulau",),
    "p": ("pulau", "pematang"),
    "s": ("sungai",),
    "l": ("lubuk",),
    "g": ("gunung",),
    "gg": ("gunung",),
    "kmp": ("kampung",),
    "kp": ("kampung",),
    "rw": ("rawa",),
    "jt": ("jati",),
    "ckp": ("cikupa",),
    "cmp": ("cempaka",),
    "cpk": ("cempaka",),
    "b": ("banda", "batang"),
    "sbr": ("sumber",),
    "sdg": ("sindang",),
    "prk": ("parakan",),
    "pk": ("pangkal", "pangkalan"),
    "pgk": ("pangkal",),
    "pkl": ("pangkalan",),
    "tb": ("tebing", "tanjung"),
    "t": ("tanjung", "tebing", "teluk"),
    "psp": ("padangsidimpuan",),
    "mt": ("muara",),
    "lhk": ("lhok",),
    "kt": ("kota", "kuta"),
    "ktp": ("ketapang",),
    "bj": ("banjar", "bojong"),
    "jat": ("jati",),
    "kbj": ("kebon",),
    "sk": ("suka",),
    "a": ("air", "aek"),
    "w": ("way",),
    "wy": ("way",),
    "dk": ("dukuh",),
    "smb": ("sumber",),
    "rto": ("rantau",),
    "tm": ("taman",),
}

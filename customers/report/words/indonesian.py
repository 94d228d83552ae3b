"""The report in Indonesian."""

from collections.abc import Mapping
from types import MappingProxyType

INDONESIAN: Mapping[str, str] = MappingProxyType(
    {
        "title": "Laporan toko",
        "window": "{first} sampai {last}",
        "between": "{low} sampai {high}",
        "total": "Jumlah",
        "table_behind": "Angka di balik grafik",
        "personal": "Laporan ini menyebut pelanggan: ini data pribadi. Bagikan hanya kepada orang yang boleh "
        "mengetahuinya.",
        "made_of": "Dari pembukuan toko, {window}. Uang dalam {currency}. Apa pun setelah {last} tidak diketahui di "
        "sini.",
        "empty": "Pembukuan ini kosong, jadi tidak ada yang bisa dilaporkan.",
        "simple_yes": "ya",
        "simple_no": "belum",
        "checked_yes": "ya",
        "checked_no": "tidak",
        "customer.one": "{n} pelanggan",
        "customer.many": "{n} pelanggan",
        "new_customer.one": "{n} pelanggan baru",
        "new_customer.many": "{n} pelanggan baru",
        "week.one": "{n} minggu",
        "week.many": "{n} minggu",
        "day.one": "{n} hari",
        "day.many": "{n} hari",
        "value.margin": "Margin",
        "value.estimated_margin": "Margin (sebagian perkiraan)",
        "value.part_margin": "Margin atau omzet",
        "value.revenue": "Omzet",
        "basis.margin": "Margin adalah omzet setelah pengembalian dikurangi modal dan biaya yang tercatat.",
        "basis.estimated_margin": "Margin adalah omzet setelah pengembalian dikurangi modal; bila modal tidak "
        "tercatat, margin dianggap {rate} dari omzet, seperti yang Anda sebutkan.",
        "basis.part_margin": "Modal diketahui untuk {share} dari penjualan. Selebihnya omzet menggantikan margin, "
        "dan itu terlalu tinggi: lengkapi modal yang kurang, atau sebutkan persentase margin.",
        "basis.revenue": "Pembukuan tidak memuat modal barang, jadi omzet menggantikan margin. Pelanggan yang banyak "
        "membeli dengan margin tipis terlihat terlalu bagus. Isi modal, atau sebutkan persentase margin.",
        "tile.revenue": "Omzet setelah pengembalian",
        "tile.revenue.note": "terjual {sales}, dikembalikan {refunds}",
        "tile.profit": "Laba sejauh ini",
        "tile.profit.note": "margin dikurangi pengeluaran yang tercatat, sebelum pajak",
        "tile.profit.no_costs": "Omzet dikurangi pengeluaran",
        "tile.profit.no_costs.note": "belum bisa disebut laba: modal barang tidak tercatat",
        "tile.customers": "Pelanggan yang membeli",
        "tile.customers.note": "{share} di antaranya membeli lagi",
        "tile.cash": "Uang masuk, {weeks} minggu ke depan",
        "tile.cash.note": "bila usaha berjalan seperti sekarang; peluang 9 dari 10: {interval}",
        "tile.cash.missing.note": "minggu terlalu sedikit untuk prakiraan: {have} dari {need}",
        "brought.title": "Siapa yang sejauh ini membawa margin terbanyak",
        "brought.title.revenue": "Siapa yang sejauh ini membawa omzet terbanyak",
        "brought.none": "Tidak ada penjualan yang menyebut pelanggannya. Catat siapa yang membeli (nama atau nomor "
        "telepon sudah cukup), dan laporan berikutnya bisa mengatakan siapa yang kembali.",
        "brought.chart": "{value} menurut sepersepuluh pelanggan",
        "brought.chart.says": "Sepersepuluh pelanggan yang membawa terbanyak membawa {share} dari yang dibawa semua "
        "pelanggan yang dikenal.",
        "brought.tenth": "{from_}–{to}",
        "brought.tenth.heading": "% pelanggan, terbanyak dahulu",
        "brought.table": "{n} yang sejauh ini membawa terbanyak",
        "brought.past": "Ini yang sudah mereka bawa, bukan yang akan mereka bawa.",
        "brought.sum": "Pelanggan yang dikenal membawa {known}, penjualan tanpa nama {anonymous}: bersama-sama {all} "
        "setelah pengembalian.",
        "column.customer": "Pelanggan",
        "column.orders": "Pesanan",
        "column.last_order": "Pesanan terakhir",
        "column.revenue": "Omzet",
        "column.running": "Bagian pengeluaran",
        "column.profit": "Laba",
        "profit_per_customer": "Laba per pelanggan mengurangkan bagian pengeluaran setiap pelanggan (seluruhnya "
        "{cost}, dibagi menurut omzet; penjualan tanpa nama menanggung bagiannya sendiri). Semua pelanggan yang "
        "dikenal: {profit}; {losers} merugi.",
        "profit_per_customer.none": "Laba per pelanggan belum bisa dikatakan: pembukuan tidak memuat modal maupun "
        "pengeluaran.",
        "profit.title": "Laba rugi per bulan",
        "profit.chart": "Omzet, modal dan pengeluaran, laba",
        "profit.chart.says": "Batang omzet tertinggi adalah {month} dengan {revenue}.",
        "profit.series.revenue": "Omzet",
        "profit.series.costs": "Modal dan pengeluaran",
        "profit.series.profit": "Laba",
        "profit.series.after": "Omzet dikurangi pengeluaran",
        "profit.table": "Laba rugi per bulan",
        "column.month": "Bulan",
        "column.sales": "Penjualan",
        "column.refunds": "Pengembalian",
        "column.cost": "Modal barang",
        "column.stock": "Belanja stok",
        "column.advertising": "Iklan",
        "column.other": "Pengeluaran lain",
        "profit.stock_as_cost": "Tidak ada baris yang menyebut modal barangnya, jadi belanja stok dihitung sebagai "
        "modal pada bulan pembayarannya.",
        "profit.stock_apart": "Belanja stok adalah uang keluar tetapi bukan biaya di sini: baris penjualan sudah "
        "memuat modal barangnya.",
        "profit.unfinished": "{month} belum selesai dalam pembukuan ini.",
        "profit.no_expenses": "Pembukuan tidak memuat pengeluaran (sewa, gaji, iklan …): laba sebenarnya lebih "
        "rendah sebesar itu.",
        "orders.chart": "Pesanan pelanggan baru dan pelanggan lama",
        "orders.chart.says": "Secara keseluruhan, {share} pesanan pelanggan yang dikenal berasal dari orang yang "
        "sudah pernah membeli.",
        "orders.new": "Pelanggan baru",
        "orders.returning": "Pelanggan lama",
        "orders.begin": "Pada bulan-bulan pertama pelanggan lama terlihat baru, karena pembukuan baru dimulai.",
        "cash.title": "Uang masuk dan keluar per minggu",
        "cash.chart": "Uang masuk per minggu, dan {weeks} minggu ke depan",
        "cash.chart.says": "Uang masuk dan keluar per minggu sampai {last}, lalu {weeks} minggu berikutnya bila "
        "usaha berjalan seperti sekarang, dengan rentang yang memuatnya dengan peluang 50 dan 90 %.",
        "cash.in": "Uang masuk",
        "cash.out": "Uang keluar",
        "cash.ahead": "Uang masuk, prakiraan",
        "cash.claim": "Bila usaha berjalan seperti sekarang, {weeks} minggu ke depan membawa {sum}; dengan peluang "
        "90 % {interval}.",
        "cash.missed": "{n} prakiraan terakhir kami meleset rata-rata {miss} (masing-masing {over} minggu, dibuat "
        "dari pembukuan ini seperti adanya waktu itu).",
        "cash.unchecked": "Pembukuan terlalu pendek untuk memeriksa prakiraan seperti ini terhadap kenyataan: anggap "
        "sebagai dugaan.",
        "cash.widened": "Karena melesetnya melebihi yang wajar dari minggu-minggu itu sendiri, rentang di sini "
        "dilebarkan sebesar itu.",
        "cash.season": "Dengan pembukuan kurang dari dua tahun, musim ramai tidak bisa dibedakan dari pertumbuhan: "
        "setelah puncak musim, prakiraan ini mungkin terlalu tinggi.",
        "cash.out_claim": "Uang keluar pada minggu yang sama: {sum} ({interval}). Sisa: {net} ({net_interval}).",
        "cash.liability": "Stempel dan voucher yang masih beredar: {sum}. Dianggap semuanya ditukar, merata sampai "
        "masa berlakunya habis, {redeemed} di antaranya jatuh pada minggu-minggu ini dan dikurangkan dari sisa.",
        "cash.as_paid": "Uang dihitung terbayar pada hari penjualan atau pengeluaran{costs}; yang dikembalikan "
        "pelanggan pada hari yang sama tidak pernah masuk.",
        "cash.as_paid.costs": ", dan modal barang pada minggu penjualannya, karena pembukuan tidak memuat belanja stok",
        "cash.below": "Diperkirakan berakhir di bawah {floor}: minggu sampai {weeks}.",
        "cash.may_be_below": "Bisa berakhir di bawah {floor} (peluang 1 dari 20): minggu sampai {weeks}.",
        "cash.never_below": "Tidak ada minggu yang diperkirakan berakhir di bawah {floor}.",
        "cash.too_short": "Prakiraan perlu sedikitnya {need} minggu utuh; pembukuan memuat {have}.",
        "cash.table.ahead": "{weeks} minggu ke depan, bila usaha berjalan seperti sekarang",
        "cash.table.checks": "Hasil prakiraan serupa sebelumnya",
        "cash.table.weeks": "Uang masuk dan keluar per minggu",
        "column.week": "Minggu sampai",
        "column.in": "Masuk",
        "column.in_90": "Masuk, rentang 90 %",
        "column.out": "Keluar",
        "column.net": "Sisa",
        "column.redeemed": "Voucher",
        "column.closing": "Kas akhir",
        "column.closing_low": "1 dari 20 di bawah",
        "column.made": "Dibuat",
        "column.predicted": "Prakiraan",
        "column.actual": "Masuk sebenarnya",
        "column.error": "Meleset",
        "column.inside": "Dalam rentang 90 %",
        "cash.made": "{n} minggu lalu",
        "new.title": "Berapa boleh dibayar untuk pelanggan baru",
        "new.observed": "Terukur: {customers} yang pertama membeli antara {first} dan {last} rata-rata membawa "
        "{margin} dalam {weeks} minggu pertama{interval}.",
        "new.interval": " (interval 90 % dari rata-rata: {interval})",
        "new.projected": "Proyeksi: seorang pelanggan baru rata-rata membawa {margin} dalam {weeks} minggu, termasuk "
        "pesanan pertama {first_order} (interval 90 % dari rata-rata: {interval}). Ini proyeksi dari perilaku "
        "pelanggan sejauh ini; tiap pelanggan bisa jauh berbeda.",
        "new.missing": "Belum ada proyeksi: riwayat dalam pembukuan terlalu sedikit (lihat bagian terakhir).",
        "new.cost": "Iklan {spent} dan {new} antara {first} dan {last}: {each} per orang. Pembukuan tidak mengatakan "
        "siapa yang datang karena iklan.",
        "new.cost.nobody": "Iklan {spent} antara {first} dan {last}, dan tidak ada yang baru di antara pelanggan "
        "yang dikenal namanya.",
        "new.cost.none": "Pembukuan tidak memuat iklan untuk {first} sampai {last} ({new}): biaya seorang pelanggan "
        "baru tidak diketahui. Catat iklan sebagai pengeluaran dengan nama itu.",
        "new.rule": "Seorang pelanggan baru paling banyak boleh dibayar sebesar yang dibawanya, dan laba tersisa "
        "hanya di bawah itu; ujung bawah interval adalah sisi aman. Sewa dan gaji tidak termasuk.",
        "new.rule.revenue": "Modal tidak tercatat, jadi yang dibawa adalah omzet: batas untuk pelanggan baru jauh "
        "lebih rendah, yaitu bagian dari omzet itu yang tersisa setelah modal.",
        "new.months": "Pelanggan baru per bulan, dan yang mereka bawa dalam {weeks} minggu pertama",
        "new.months.note": "Hanya pelanggan yang {weeks} minggu pertamanya sudah lewat. Bulan berbeda bukan hanya "
        "karena iklan (musim, stok, keberuntungan): bulan dengan hasil tinggi menunjukkan di mana patut dicoba lagi, "
        "bukan bahwa iklan penyebabnya. Hanya uji dengan kelompok acak yang tidak disapa bisa menunjukkannya.",
        "new.where": "Hasil terbanyak per satuan iklan ada pada {month}: {times} untuk setiap 1 yang dibelanjakan.",
        "new.where.none": "Di mana anggaran membawa margin terbanyak belum bisa dikatakan: perlu sedikitnya dua "
        "bulan dengan iklan dan pelanggan baru.",
        "new.categories": "Pengeluaran menurut kategori",
        "column.new_customers": "Pelanggan baru",
        "column.brought": "Dibawa",
        "column.per_new": "Per pelanggan baru",
        "column.advertising_per_new": "Iklan per pelanggan baru",
        "column.return": "Hasil per 1 iklan",
        "column.category": "Kategori",
        "column.counted_as": "Dihitung sebagai",
        "column.amount": "Jumlah",
        "kind.stock": "stok",
        "kind.advertising": "iklan",
        "kind.other": "lain-lain",
        "no_category": "(tanpa kategori)",
        "known.title": "Yang diproyeksikan dipesan pelanggan yang dikenal",
        "known.claim": "Bila usaha berjalan seperti sekarang, pelanggan yang dikenal pada {last} memesan {orders} "
        "kali dalam {weeks} minggu ke depan (interval 90 % {orders_interval}), senilai {value} ({value_interval}). "
        "Pelanggan baru dan penjualan tanpa nama belum termasuk.",
        "known.checked": "Proyeksi yang sama, dibuat pada {days} hari sebelumnya, rata-rata meleset {miss} dari "
        "jumlah {weeks} minggu sesudahnya.",
        "known.unchecked": "Riwayat terlalu pendek untuk memeriksa proyeksi ini terhadap masa lalu toko sendiri.",
        "known.fallback": "Pada masa lalu toko sendiri, {method} meleset lebih sedikit daripada semua model, dan "
        "dipakai sebagai gantinya.",
        "known.leans": "Dengan kurang dari {need} pelanggan, proyeksi bersandar pada yang diketahui dari toko lain.",
        "known.table": "Proyeksi {weeks} minggu yang dibuat pada {days} hari sebelumnya, di samping hitungan lembar "
        "kerja",
        "known.note": "Rumus lembar kerja menganggap semua orang memesan menurut frekuensi rata-rata toko (uangnya "
        "adalah itu kali nilai pesanan rata-rata kali margin).",
        "column.method": "Cara",
        "column.mean_miss": "Meleset dari jumlah",
        "column.mean_error": "Selisih pesanan per pelanggan",
        "column.used": "Dipakai di sini",
        "method.model": "Model ({name})",
        "method.spreadsheet": "rumus lembar kerja",
        "method.gupta_lehmann": "bagian tetap yang bertahan (Gupta dan Lehmann)",
        "method.own_rate": "laju tiap pelanggan sejauh ini",
        "retention.title": "Berapa banyak yang kembali",
        "retention.none": "Belum ada bulan setelah pesanan pertama yang tercatat sampai akhir: lihat lagi setelah "
        "satu bulan penuh.",
        "retention.all": "Semua kecuali bulan pertama",
        "retention.chart": "Bagian pelanggan yang membeli pada bulan-bulan setelah pesanan pertama",
        "retention.chart.says": "Pada bulan setelah pesanan pertama {first} membeli lagi; pada bulan ke-{k} {last}.",
        "retention.table": "Membeli lagi pada bulan setelah pesanan pertama, menurut bulan pesanan pertama",
        "retention.note": "Setiap baris mengikuti pelanggan yang pertama membeli pada bulan itu; hanya bulan yang "
        "tercatat sampai hari terakhirnya yang ditampilkan. Bulan pertama juga memuat pelanggan lama, karena "
        "pembukuan baru dimulai: garis untuk semua tidak memuatnya. Titik-titik akhirnya bertumpu pada lebih sedikit "
        "pelanggan.",
        "column.share": "Bagian",
        "column.ordered": "Membeli",
        "column.months_after": "Bulan sesudahnya",
        "column.customers": "Pelanggan",
        "offers.title": "Voucher dan kartu stempel, menurut hitungannya",
        "vouchers.rule": "Voucher hanya menguntungkan lewat apa yang diubahnya. Tanpa voucher, seorang pelanggan "
        "membeli dengan peluang p0 dan menyisakan margin m; dengan voucher, setiap pembeli menukar v. Impas bila "
        "pembelian naik menjadi p0 · m / (m − v).",
        "vouchers.base": "Di sini m adalah {margin} per pesanan. p0 terukur: siapa dari pelanggan yang sudah dikenal "
        "sebelum {first} membeli dalam {days} hari sampai {last}.",
        "vouchers.base.revenue": "Modal tidak sepenuhnya diketahui, jadi m adalah omzet: kenaikan yang sebenarnya "
        "diperlukan lebih tinggi.",
        "vouchers.groups": "Berapa yang membeli tanpa voucher",
        "vouchers.table": "Berapa yang harus membeli agar voucher impas",
        "vouchers.amount": "Tidak ada jumlah yang disarankan di sini: belum ada yang mengukur apa yang diubah "
        "voucher di toko ini. Berikan kepada separuh yang dipilih acak, biarkan separuh lainnya tanpa, lalu "
        "bandingkan.",
        "vouchers.visible": "Membandingkan dua paruh acak berisi {n}, toko ini bisa melihat dengan andal kenaikan "
        "dari {p0} ke {p1} atau lebih. Pengaruh yang lebih kecil tidak terlihat.",
        "vouchers.invisible": "Dengan {n} di setiap paruh, kenaikan apa pun tidak akan terlihat dengan andal: "
        "kumpulkan lebih banyak pelanggan dahulu.",
        "vouchers.none": "Tanpa hitungan voucher: perlu sedikitnya enam minggu pesanan dengan margin di atas 0.",
        "vouchers.never": "tidak pernah",
        "group.everybody": "Semua yang dikenal",
        "group.recent": "Membeli dalam {days} hari sebelumnya",
        "group.silent": "Diam {days} hari atau lebih",
        "column.group": "Pelanggan",
        "column.known": "Dikenal",
        "column.ordered_share": "Membeli (p0)",
        "column.interval_90": "Interval 90 %",
        "column.voucher": "Voucher v",
        "column.required": "{group}: dari {p0} menjadi",
        "column.relative_lift": "Kenaikan relatif",
        "stamps.gap": "Separuh dari semua pesanan ulang datang dalam {days} setelah pesanan sebelumnya. Kartu yang "
        "penuh lebih lama daripada pelanggan bertahan hanyalah hiasan.",
        "stamps.cost": "Kartu penuh di sini bernilai satu pesanan rata-rata; biayanya bagi toko {cost}.",
        "stamps.cost.price": "Kartu penuh di sini bernilai satu pesanan rata-rata. Modalnya tidak tercatat, jadi "
        "dihitung dengan harganya, {cost}: biaya sebenarnya lebih rendah.",
        "stamps.table": "Seandainya kartu dengan satu stempel per pesanan dimulai pada {first}, sampai {last}",
        "stamps.note": "Stempel yang sudah diberikan adalah utang kepada pelanggan (kolom terakhir), seolah setiap "
        "kartu kelak penuh. Ini menghitung yang memang dibeli pelanggan; kartu mungkin mengubahnya, dan hanya uji "
        "yang bisa mengatakannya.",
        "stamps.none": "Ukuran kartu stempel belum bisa dihitung: belum ada yang membeli dua kali.",
        "column.stamps": "Stempel",
        "column.weeks_to_fill": "Minggu sampai penuh pada jeda biasa",
        "column.with_full": "Pelanggan dengan kartu penuh",
        "column.full_cards": "Kartu penuh",
        "column.given_back": "Diberikan kembali",
        "column.card_cost": "Biaya",
        "column.open_stamps": "Stempel terbuka",
        "column.liability": "Utang terbuka",
        "groups.title": "Kelompok pelanggan",
        "groups.chart": "Pelanggan menurut kelompok",
        "groups.chart.says": "Kelompok terbesar adalah {name} dengan {share} pelanggan.",
        "groups.table": "Kelompok, dan yang sejauh ini mereka bawa",
        "groups.examples": "Seorang dari setiap kelompok, dan alasannya",
        "column.segment": "Kelompok",
        "column.definition": "Siapa di dalamnya",
        "column.of_customers": "Dari semua",
        "column.reason": "Alasan",
        "limits.title": "Apa yang bisa dan tidak bisa dikatakan pembukuan ini",
        "limits.table": "Dasar setiap pernyataan",
        "limits.repeat": "{share} pelanggan membeli lebih dari sekali; dengan {n} pelanggan, bagian sebenarnya ada "
        "antara {low} dan {high} (interval 90 %).",
        "limits.records": "{lines} baris penjualan dan {expenses} baris pengeluaran. Penjualan tercatat pada "
        "{with_sales} dari {weeks}; jeda terpanjang {gap}. Pada minggu kosong tidak ada yang terjual atau tidak ada "
        "yang dicatat: pembukuan tidak bisa membedakannya.",
        "limits.unmatched": "Pengembalian sebesar {sum} tidak cocok dengan penjualan sebelumnya dalam pembukuan; "
        "dihitung dalam jumlah, bukan dalam pesanan.",
        "column.statement": "Pernyataan",
        "column.have": "Ada dalam pembukuan",
        "column.need": "Perlu sekitar",
        "column.enough": "Bisa dikatakan",
        "statement.margin": "Siapa yang membawa margin terbanyak",
        "statement.customers": "Yang dikatakan tentang pelanggan berlaku untuk toko",
        "statement.profit": "Laba",
        "statement.repeat_share": "Bagian pelanggan yang kembali",
        "statement.projection": "Proyeksi nilai pelanggan",
        "statement.projection_repeat": "Perbedaan antar pelanggan",
        "statement.cash": "Prakiraan kas yang sudah diperiksa",
        "statement.season": "Musim",
        "unit.share.margin": "modal untuk {n} penjualan",
        "unit.share.customers": "nama pelanggan untuk {n} penjualan",
        "unit.weeks_with_expenses": "{n} minggu dengan pengeluaran",
        "unit.customers": "{n} pelanggan",
        "unit.repeat_customers": "{n} yang membeli lagi",
        "unit.weeks": "{n} minggu",
        "profit_per_customer.margin": "Pembukuan tidak memuat pengeluaran, jadi laba per pelanggan sama dengan "
        "margin mereka.",
        "retention.each": "Pelanggan baru tiap bulan",
    }
)

"""Names of invented readers: what people in and around Hannover are called, with every letter they have."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """First names of women and men and last names that go together; `weight` in a thousand readers."""

    weight: int
    language: str
    country: str
    women: tuple[str, ...]
    men: tuple[str, ...]
    last: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


ORIGINS = (
    Origin(
        640, "de", "DE",
        _words("Anna Marlies Katrin Sabine Ursula Renate Gisela Monika Petra Birgit Heike Ute Silke Anja "
               "Kerstin Claudia Julia Lea Lena Mia Frieda Greta Johanna Charlotte Hannah Leonie Antje "
               "Wiebke Frauke Imke Heidrun Jördis Käthe Bärbel Dörte Ännchen Friederike Annegret Rosemarie "
               "Elke Gudrun Inge Tanja Nadine Stefanie Svenja"),
        _words("Andreas Bernd Jürgen Günter Jörg Götz Lüder Hans-Peter Klaus Dieter Uwe Rolf Heiner Cord "
               "Detlef Volker Thorsten Stefan Matthias Tobias Felix Jonas Paul Emil Anton Karl-Heinz "
               "Jan-Ole Malte Hauke Tjark Sönke Sören Michael Thomas Ralf Holger Ingo Jens Kai Marc Niklas "
               "Björn Rüdiger Wolfgang Helmut Erwin"),
        _words("Müller Schmidt Schneider Fischer Weber Meyer Meier Wagner Becker Schulz Hoffmann Schäfer "
               "Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hartmann "
               "Lange Krause Lehmann Köhler König Huber Kaiser Fuchs Peters Scholz Möller Weiß Jung Hahn "
               "Vogel Friedrich Keller Günther Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht "
               "Schuster Simon Ludwig Böhm Winter Kraus Schumacher Brandt Lüders Hasselhorn Wiegmann "
               "Ohlendorf Niemann Reents Warnecke Meinken Thiele Behn Lohmann Asche Großkreutz Strauß "
               "Gößmann Weißenborn Jäger Röttger Tönnies Bödeker Wöhler Hülsmann Prüße Oelkers Möhle "
               "von_Alvensleben von_der_Heide zur_Mühlen Kühne-Rosenthal Schütte Bruns "
               "Ahrens"),
    ),
    Origin(
        90, "de", "DE",
        _words("Ayşe Elif Fatma Zeynep Emine Gül Gülşen Şükran Özlem Çiğdem İpek Yıldız Defne Aylin Meryem "
               "Sevgi"),
        _words("Mehmet Mustafa Ahmet Ali Hüseyin İbrahim Oğuz Çağlar Ömer Ferhat Tuğrul Şahin Emre Yiğit "
               "Kerem Umut"),
        _words("Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç "
               "Aslan Çetin Koç Kurt Özkan Şimşek Güneş Erdoğan Bulut Polat Işık"),
    ),
    Origin(
        65, "pl", "PL",
        _words("Agnieszka Małgorzata Katarzyna Joanna Barbara Ewa Zofia Grażyna Bożena Łucja Danuta Halina "
               "Wioletta"),
        _words("Piotr Krzysztof Andrzej Paweł Michał Łukasz Grzegorz Zbigniew Stanisław Wojciech Rafał "
               "Jarosław Kamil"),
        _words("Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański "
               "Woźniak Dąbrowski Kozłowski Jankowski Mazur Krawczyk Piątek Gołębiewski Źrebiec Łukasik "
               "Stępień"),
    ),
    Origin(
        35, "ru", "DE",
        _words("Olga Irina Natalja Swetlana Tatjana Jelena Ljudmila Larissa Oksana Galina"),
        _words("Sergej Alexander Dmitrij Viktor Wladimir Igor Eduard Waldemar Juri Nikolai"),
        _words("Schewtschenko Iwanow Petrow Kusnezow Wolkow Bondarenko Melnyk Kowaltschuk Reimer Penner "
               "Dück Wiebe"),
    ),
    Origin(
        35, "sv", "SE",
        _words("Åsa Ingrid Kerstin Märta Linnéa Astrid Sølvi Bodil Sigrún Þórdís Kirsten Mette Aino"),
        _words("Søren Bjørn Åke Göran Jørgen Håkon Lars Mikkel Øyvind Sigurður Ásgeir Jyrki Väinö"),
        _words("Kjær Sørensen Jørgensen Ångström Björklund Sjöberg Lindström Håkansson Østergaard Nygård "
               "Jónsdóttir Mäkinen Hämäläinen Bäckström Ødegaard Þorsteinsson"),
    ),
    Origin(
        30, "fr", "FR",
        _words("Françoise Amélie Chloé Zoé Hélène Geneviève Cécile Élodie Noémie Marie-Thérèse"),
        _words("François Jérôme Étienne Benoît André Loïc Gaël Rémi Jean-Baptiste Cédric"),
        _words("Dubois Lefèvre Moreau Garçon Béranger d'Aubigné Château Gauthier Rivière Désiré L'Hôte Crépin"),
    ),
    Origin(
        30, "es", "ES",
        _words("María José Begoña Núria Inés Lucía Concepción Íngrid Araceli Montserrat"),
        _words("José Jesús Joaquín Íñigo Ángel Ramón Andrés Xavier Raúl Sebastián"),
        _words("García Núñez Muñoz Peña Ibáñez Jiménez Fernández López_Ávila Gutiérrez Zúñiga Mendes "
               "Gonçalves Araújo"),
    ),
    Origin(
        25, "vi", "DE",
        _words("Thị_Hương Ngọc_Ánh Thu_Thảo Phương Kim_Liên Bích_Thủy Mai Hồng_Nhung"),
        _words("Văn_Đức Quốc_Bảo Minh_Tuấn Hoàng_Anh Đình_Long Thanh_Sơn Hữu_Phước"),
        _words("Nguyễn Trần Lê Phạm Hoàng Huỳnh Võ Đặng Bùi Đỗ"),
    ),
    Origin(
        20, "ar", "DE",
        _words("Fātima Layla Nour Rania Samira Yasmin Hala Amal"),
        _words("Mohammed Ahmad Khaled Omar Yusuf Karim Bilal Nabil"),
        _words("al-Hassan Haddad Khoury Mansour Nasser Saleh Ibrahim El-Sayed Ben_Ali"),
    ),
    Origin(
        30, "en", "GB",
        _words("Siobhán Aoife Emily Olivia Grace Zoë Charlotte Niamh"),
        _words("Seán Oliver George Ruairí Dafydd Liam Noah Eoghan"),
        _words("O'Brien O'Connor Smith Taylor Llewellyn-Jones McAllister Ní_Dhónaill Brontë Walsh"),
    ),
)  # fmt: skip

CITIES = _words(
    "Hannover Hannover Hannover Hannover Hannover Laatzen Langenhagen Garbsen Seelze Lehrte "
    "Burgdorf Wunstorf Barsinghausen "
    "Springe Neustadt_am_Rübenberge Nienburg/Weser Hoya Bücken Hildesheim Celle Hameln Peine "
    "Stadthagen Bückeburg Göttingen "
)
ABROAD = {
    "PL": _words("Poznań Wrocław Łódź Gdańsk"), "SE": _words("Malmö Göteborg Århus Tromsø"),
    "FR": _words("Nîmes Besançon Orléans Rouen"), "ES": _words("Málaga Cádiz A_Coruña Lleida"),
    "GB": _words("Bristol Leeds Derry Caernarfon"),
}  # fmt: skip
MAILBOXES = _words(
    "posteo.example mailbrief.example leinenet.example calenberg.example post-online.example freipost.example "
    "weserpost.example mein-postfach.example schnellmail.example"
)
TITLES = ("Dr.", "Dr.", "Dr.", "Prof. Dr.", "Dipl.-Ing.", "Prof. Dr. h. c.")
FUNCTIONS = _words(
    "Geschäftsführung Einkauf Presse Ratsmitglied Vorstand Schulleitung Buchhaltung Personal Vereinsvorsitz"
)
COMPANIES = (
    "{last} Metallbau GmbH", "{last} & Söhne KG", "Tischlerei {last}", "Bäckerei {last}", "Praxis {last}",
    "Steuerbüro {last} & Partner", "Hofladen {last}",
    "Elektro {last} GmbH", "Architekturbüro {last}", "{last} Logistik SE",
    "Buchhandlung {last}", "Gärtnerei {last}",
    "Autohaus {last} GmbH & Co. KG", "Weingut {last}", "Optik {last}",
)  # fmt: skip
INSTITUTIONS = (
    "Stadtwerke Nienburg", "Praxis am Markt",
    "Gemeinde Bücken", "Stadt Laatzen", "Kreishandwerkerschaft Weser-Leine",
    "Sparkasse Calenberg", "Volkshochschule Hannover-Land",
    "Klinikum Südstadt", "Kulturverein Depot Glocksee e. V.",
    "Genossenschaft Weserwind eG", "Stadttheater Hannover",
    "Museum am Hohen Ufer", "TV Südstadt e. V.", "Musikschule Leine",
    "Verkehrsbetriebe Leine AG", "Amt für Grünflächen",
)  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """Somebody of the mock pages, by name."""

    salutation: str
    title: str
    first: str
    last: str
    address: str
    organisation: str = ""
    city: str = "Hannover"


KNOWN_READERS = (
    Reader("Frau", "", "Marlies", "Brandt", "m.brandt@posteo.example"),
    Reader(
        "Herr",
        "",
        "Andreas",
        "Lüders",
        "a.lueders@lueders-metall.example",
        "Lüders Metallbau GmbH",
        "Garbsen",
    ),
    Reader("Frau", "Dr.", "Elif", "Yıldırım", "yildirim@praxis-markt.example", "Praxis am Markt"),
    Reader(
        "Herr",
        "",
        "Bernd",
        "Hasselhorn",
        "hasselhorn@sw-nienburg.example",
        "Stadtwerke Nienburg",
        "Nienburg/Weser",
    ),
    Reader("Frau", "", "Françoise", "Dubois", "f.dubois@atelier.example", "Atelier Dubois", "Laatzen"),
    Reader("Herr", "", "Jan-Ole", "Petersen", "jop@petersen-soehne.example", "Petersen & Söhne KG", "Hoya"),
    Reader("Herr", "", "Søren", "Kjær", "soren@nordictimber.example", "Nordic Timber ApS", "Århus"),
)
